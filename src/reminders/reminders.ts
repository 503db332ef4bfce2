import { asc, lt, lte, sql } from 'drizzle-orm'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../config.ts'
import type { Query } from '../database/database.ts'
import type { TaskRow } from '../tasks/table.ts'
import { lookUpUser } from '../users/store.ts'
import type { UserRow } from '../users/table.ts'
import { wallOf } from '../values/walls.ts'
import { type Chore, dayMs, deleteInBatches } from '../work/chores.ts'
import type { Letter } from '../work/mail.ts'
import type { ReminderRow } from './table.ts'

/** How often reminders are looked for: a mail is no later than this. */
const everyMs = 20_000

/**
 * Sends reminders by mail, where mail is set up. Of several instances one sends each: it deletes the row first. If it ends
 * in between, that reminder is lost, and the log has its claim without a mail.
 */
export const reminders = fp(
  async function reminders(app: FastifyInstance, { config }: { config: Config }) {
    const { db, mail } = app
    if (mail === undefined) return
    const limits = { everyMs, closeMs: 2_000, failure: 'could not look for reminders' }

    app.work.every('reminders', limits, async (signal) => {
      for (;;) {
        const rows = await db.all(due, { now: Date.now() })
        for (const row of rows) {
          if (signal.aborted) return
          if ((await db.deleteMany(db.tables.reminders, { id: row.id })) === 1) send(row)
        }
        if (rows.length === 0) return
      }
    })

    function send({ id, userId, taskId, fireAt }: ReminderRow): void {
      if (fireAt < Date.now() - dayMs) return
      app.log.info({ user_id: userId, task_id: taskId, reminder_id: id }, 'claimed a reminder')
      mail!(app.log, async () => {
        const [user, task] = [await lookUpUser(db, userId), await db.find(db.tables.tasks, { id: taskId, userId })]
        const isOpen = task?.hidden === 0 && (task.status === 'pending' || task.status === 'in_progress')
        return user?.isActive && isOpen ? reminderMail(user, task, config.publicUrl) : undefined
      })
    }
  },
  { name: 'reminders', dependencies: ['database', 'mail', 'work'] },
)

/** Those that nobody sent for a day: there was no mail, or no server. */
export const deleteOldReminders: Chore = (db, now) =>
  deleteInBatches(db, db.tables.reminders, lt(db.tables.reminders.fireAt, now - dayMs))

const due: Query<ReminderRow, { now: number }> = ({ select, parameter, tables: { reminders } }) =>
  select()
    .from(reminders)
    .where(lte(reminders.fireAt, parameter(reminders.fireAt, 'now')))
    .orderBy(asc(reminders.fireAt))
    .limit(sql`100`)

function reminderMail(user: UserRow, task: TaskRow, publicUrl: string | undefined): Letter {
  const title = task.title.replaceAll(/\p{Cc}+/gu, ' ').trim()
  const link = publicUrl === undefined ? '' : `\n${publicUrl.replace(/\/+$/, '')}/tasks/${task.id}\n`
  return {
    userId: user.id,
    to: user.email,
    subject: `Reminder: ${[...title].slice(0, 100).join('')}`,
    text: `${title}\n\n${whenDue(task, user.timezone)}\n${link}`,
  }
}

function whenDue({ dueKey, dueZone, dueAt }: TaskRow, timezone: string): string {
  if (dueKey === '~') return 'It has no due date.'
  const { date } = wallOf(dueKey, dueZone)
  if (date !== undefined) return `Due on ${date}.`
  const format = new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', timeStyle: 'short', timeZone: timezone })
  return `Due on ${format.format(dueAt!)} (${timezone}).`
}
