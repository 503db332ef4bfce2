/** What projects and labels begin, and many tasks follow. */
import { and, asc, eq, getTableColumns, gt, sql } from 'drizzle-orm'
import type { Change } from '../changes/change.ts'
import type { Query } from '../database/database.ts'
import { nameKeyOf } from '../labels/names.ts'
import { lookUpLabel, removeLabel } from '../labels/store.ts'
import { labelRemoved, labelRenamed } from '../labels/sweeps.ts'
import type { LabelRow } from '../labels/table.ts'
import { lookUpProject, removeProject } from '../projects/store.ts'
import { projectChanged, projectPurged } from '../projects/sweeps.ts'
import { chunkLength, type Sweep } from '../sweeps/sweeps.ts'
import { namesAsKept } from './labelling.ts'
import { labelNamesOf } from './schemas.ts'
import { putOnShelves, shelfOf } from './shelves.ts'
import type { TaskRow } from './table.ts'
import { deleteRows } from './trash.ts'

/** Puts the tasks of a project where its state says; one that was in the trash since `happenedAt` has come back. */
export const followProject: Sweep = {
  kind: projectChanged,
  async chunk(change, { targetId, happenedAt, afterId }) {
    const project = await lookUpProject(change.tx, change.userId, targetId)
    if (project === undefined) return undefined
    const rows = await nextInProject(change, targetId, afterId)
    const { deletedAt } = project
    const trashed = rows.filter((row) => deletedAt !== null && row.deletedAt === null)
    const restored = rows.filter((row) => deletedAt === null && happenedAt !== null && row.deletedAt === happenedAt)
    const others = rows.filter((row) => row.deletedAt === null && shelfOf(row, project).shelf !== row.shelf)
    await putOnShelves(change, trashed, project, { deletedAt })
    await putOnShelves(change, restored, project, { deletedAt: null })
    if (deletedAt === null) await putOnShelves(change, others, project, {})
    return rows.length < chunkLength ? undefined : rows.at(-1)!.id
  },
}

/** Deletes the tasks of a project that is in the trash since `happenedAt`, and then the project. */
export const purgeProject: Sweep = {
  kind: projectPurged,
  async chunk(change, { targetId, happenedAt }) {
    const project = await lookUpProject(change.tx, change.userId, targetId)
    if (project === undefined || project.deletedAt !== happenedAt) return undefined
    const rows = await nextInProject(change, targetId, 0)
    await deleteRows(change, rows)
    if (rows.length === chunkLength) return 0
    await removeProject(change, targetId)
    return undefined
  },
}

const nextInProject = ({ tx, userId }: Change, projectId: number, afterId: number): Promise<TaskRow[]> =>
  tx.list(tx.tables.tasks, {
    equal: { userId, projectId },
    among: { shelf: [0, 1, 2, 3, 4, 5] },
    after: { id: afterId },
    limit: chunkLength,
    index: 'tasks_project_created_idx',
  })

/** Writes the new name of a label into its tasks. */
export const renameLabel: Sweep = {
  kind: labelRenamed,
  async chunk(change, { targetId, afterId }) {
    const label = await lookUpLabel(change.tx, change.userId, targetId)
    if (label === undefined) return undefined
    const rows = await nextLabelled(change, targetId, afterId)
    for (const row of rows) {
      const known = new Set((await change.tx.all(keysOfTask, { taskId: row.id })).map(({ nameKey }) => nameKey))
      const isFormer = (key: string) => key === label.nameKey || !known.has(key)
      await keepNames(
        change,
        row,
        labelNamesOf(row).map((name) => (isFormer(nameKeyOf(name)) ? label.name : name)),
      )
    }
    return rows.length < chunkLength ? undefined : rows.at(-1)!.id
  },
}

/** Takes a label off its tasks, in favour of another one if it is merged, and deletes it. */
export const dropLabel: Sweep = {
  kind: labelRemoved,
  async chunk(change, { targetId, otherId }) {
    const { tx, userId } = change
    const { taskLabels } = tx.tables
    const label = await lookUpLabel(tx, userId, targetId)
    if (label === undefined) return undefined
    const into = otherId === null ? undefined : await lookUpLabel(tx, userId, otherId)
    const rows = await nextLabelled(change, targetId, 0)
    for (const row of rows) {
      await tx.deleteMany(taskLabels, { labelId: targetId, taskId: row.id })
      const isNew = into !== undefined && !(await tx.find(taskLabels, { labelId: into.id, taskId: row.id }))
      if (isNew) await tx.insertMany(taskLabels, [{ labelId: into.id, taskId: row.id }])
      await keepNames(change, row, withoutLabel(row, label, isNew ? into : undefined))
    }
    if (rows.length === chunkLength) return 0
    await removeLabel(change, targetId)
    return undefined
  },
}

const withoutLabel = (row: TaskRow, { nameKey }: LabelRow, instead: LabelRow | undefined): string[] =>
  labelNamesOf(row).flatMap((name) => (nameKeyOf(name) !== nameKey ? name : instead ? instead.name : []))

async function keepNames({ tx, userId, seq, now }: Change, { id }: TaskRow, names: string[]): Promise<void> {
  const changes = { labels: namesAsKept(names), updatedAt: now, changeSeq: seq }
  await tx.updateOne(tx.tables.tasks, { id, userId }, changes)
}

const nextLabelled = ({ tx, userId }: Change, labelId: number, afterId: number): Promise<TaskRow[]> =>
  tx.all(labelled, { labelId, userId, afterId })

const labelled: Query<TaskRow, { labelId: number; userId: number; afterId: number }> = ({
  select,
  parameter,
  tables: { tasks, taskLabels },
}) =>
  select(getTableColumns(tasks))
    .from(taskLabels)
    .innerJoin(tasks, eq(tasks.id, taskLabels.taskId))
    .where(
      and(
        eq(taskLabels.labelId, parameter(taskLabels.labelId, 'labelId')),
        gt(taskLabels.taskId, parameter(taskLabels.taskId, 'afterId')),
        eq(tasks.userId, parameter(tasks.userId, 'userId')),
      ),
    )
    .orderBy(asc(taskLabels.taskId))
    .limit(sql.raw(String(chunkLength)) as never)

const keysOfTask: Query<{ nameKey: string }, { taskId: number }> = ({
  select,
  parameter,
  tables: { labels, taskLabels },
}) =>
  select({ nameKey: labels.nameKey })
    .from(taskLabels)
    .innerJoin(labels, eq(labels.id, taskLabels.labelId))
    .where(eq(taskLabels.taskId, parameter(taskLabels.taskId, 'taskId')))
