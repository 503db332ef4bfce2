/**
 * A small to-do program as a client author would write it, from openapi.json alone: it works on its own copy, offline for
 * as long as it likes, and brings it up to date by `sync`. What somebody else changed in between is merged field by field.
 */
import { randomUUID } from 'node:crypto'
import createClient from 'openapi-fetch'
import type { components, paths } from './schema.d.ts'

type Schemas = components['schemas']
export type Task = Schemas['Task']
type Changes = Pick<Schemas['TaskChanges'], 'title' | 'description' | 'priority' | 'due' | 'labels' | 'status'>

/** What was done offline. A task that the server does not know yet has a negative id. */
type Step =
  | { does: 'add'; id: number; key: string; task: Schemas['NewTask'] }
  | { does: 'change'; id: number; changes: Changes; base: Task }
  | { does: 'complete'; id: number; key: string }
  | { does: 'delete'; id: number }

export interface Conflict {
  readonly task: Task
  /** Fields that both changed: the server's values stand. */
  readonly lost: readonly (keyof Changes)[]
}

export function todo(baseUrl: string, token: string, fetch: typeof globalThis.fetch = globalThis.fetch) {
  const api = createClient<paths>({ baseUrl, fetch, headers: { authorization: `Bearer ${token}` } })
  const tasks = new Map<number, Task>()
  const projects = new Map<number, Schemas['Project']>()
  const labels = new Map<number, Schemas['Label']>()
  const comments = new Map<number, Schemas['Comment']>()
  let steps: Step[] = []
  let syncToken: string | undefined
  let nextLocalId = -1

  return {
    tasks,
    projects,
    labels,
    get waiting() {
      return steps.length
    },

    add(task: Schemas['NewTask']): number {
      const id = nextLocalId--
      steps.push({ does: 'add', id, key: randomUUID(), task })
      return id
    },
    change(id: number, changes: Changes): void {
      const base = tasks.get(id)
      if (base === undefined) throw new Error('there is no such task')
      steps.push({ does: 'change', id, changes, base })
      tasks.set(id, { ...base, ...changes } as Task)
    },
    complete(id: number): void {
      steps.push({ does: 'complete', id, key: randomUUID() })
    },
    remove(id: number): void {
      steps.push({ does: 'delete', id })
      tasks.delete(id)
    },

    /** Sends what was done, then gets what others did. Can be called again after any failure. */
    async sync(): Promise<Conflict[]> {
      const conflicts: Conflict[] = []
      while (steps.length > 0) {
        const conflict = await send(steps[0]!)
        if (conflict) conflicts.push(conflict)
        steps.shift()
      }
      await receive()
      return conflicts
    },

    /** What to do today: overdue and due, the urgent first. */
    async today() {
      const { data } = await api.GET('/tasks', {
        params: { query: { open: true, due_before: tomorrow(), sort: '-priority' } },
      })
      return data!
    },
    async search(q: string) {
      const found: Task[] = []
      for (let cursor: string | undefined, isOver = false; !isOver; ) {
        const query = { q, limit: 2, ...(cursor !== undefined && { cursor }) }
        const { data, response } = await api.GET('/tasks', { params: { query } })
        found.push(...data!)
        cursor = /[?&]cursor=([^&>]+)/.exec(response.headers.get('link') ?? '')?.[1]
        isOver = cursor === undefined
      }
      return found
    },
    async counts() {
      const { data } = await api.GET('/tasks/summary')
      return data!
    },
    async addTree(title: string, children: string[]) {
      const { data } = await api.POST('/tasks/batch', {
        body: {
          operations: [
            { op: 'create', ref: 'top', task: { title } },
            ...children.map((title) => ({ op: 'create' as const, task: { title, parent_id: { ref: 'top' } } })),
          ],
        },
      })
      return data!.results.map(({ id }) => id!)
    },
    async restore(id: number) {
      const { data } = await api.POST('/tasks/{id}/restore', { params: { path: { id } } })
      return data!
    },
    async newProject(name: string) {
      const { data } = await api.POST('/projects', { body: { name } })
      return data!
    },
    async moveTo(id: number, project_id: number) {
      const { data } = await api.POST('/tasks/{id}/move', { params: { path: { id } }, body: { project_id } })
      return data!
    },
  }

  async function send(step: Step): Promise<Conflict | undefined> {
    const path = { id: step.id }
    switch (step.does) {
      case 'add': {
        const header = { 'idempotency-key': step.key }
        const { data, error } = await api.POST('/tasks', { params: { header }, body: step.task })
        if (error) throw new Error(error.detail)
        renumber(step.id, data.id)
        return undefined
      }
      case 'change':
        return change(step)
      case 'complete': {
        const header = { 'idempotency-key': step.key }
        const { response } = await api.POST('/tasks/{id}/complete', { params: { path, header }, body: {} })
        refuseUnexpected(response, 200, 404)
        return undefined
      }
      case 'delete': {
        const { response } = await api.DELETE('/tasks/{id}', { params: { path } })
        refuseUnexpected(response, 204, 404)
        return undefined
      }
    }
  }

  /** On 412 what both changed is left as it is on the server; the rest is sent again, on the version that is there now. */
  async function change({ id, changes, base }: Extract<Step, { does: 'change' }>): Promise<Conflict | undefined> {
    const params = { path: { id } }
    const first = await api.PATCH('/tasks/{id}', {
      params: { ...params, header: { 'if-match': base.etag } },
      body: changes,
    })
    refuseUnexpected(first.response, 200, 404, 412)
    if (first.response.status !== 412) return undefined
    const { data: theirs } = await api.GET('/tasks/{id}', { params })
    if (theirs === undefined) return undefined // deleted meanwhile
    const names = Object.keys(changes) as (keyof Changes)[]
    const isAlike = (name: keyof Changes) => JSON.stringify(theirs[name]) === JSON.stringify(base[name])
    const lost = names.filter((name) => !isAlike(name))
    const rest = Object.fromEntries(names.filter(isAlike).map((name) => [name, changes[name]]))
    return (await change({ does: 'change', id, changes: rest, base: theirs })) ?? { task: theirs, lost }
  }

  function renumber(from: number, to: number) {
    steps = steps.map((step) => (step.id === from ? { ...step, id: to } : step))
  }

  async function receive(): Promise<void> {
    for (;;) {
      const query = syncToken === undefined ? {} : { sync_token: syncToken }
      const { data, error } = await api.GET('/sync', { params: { query } })
      if (error) {
        if (error.code !== 'SYNC_TOKEN_EXPIRED') throw new Error(error.detail)
        syncToken = undefined
        for (const copy of [tasks, projects, labels, comments]) copy.clear()
        continue
      }
      for (const task of data.tasks) tasks.set(task.id, task)
      for (const project of data.projects) projects.set(project.id, project)
      for (const label of data.labels) labels.set(label.id, label)
      for (const comment of data.comments) comments.set(comment.id, comment)
      const copies = { task: tasks, project: projects, label: labels, comment: comments }
      for (const { type, id } of data.deleted) copies[type].delete(id)
      syncToken = data.sync_token
      if (!data.has_more) return
    }
  }
}

function refuseUnexpected({ status }: Response, ...expected: number[]): void {
  if (!expected.includes(status)) throw new Error(`the server answered ${status}`)
}

const tomorrow = () => new Date(Date.now() + 86_400_000).toISOString().slice(0, 10)
