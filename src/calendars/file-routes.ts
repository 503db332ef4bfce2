import { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { type Static, Type } from '@sinclair/typebox'
import type { FastifyRequest } from 'fastify'
import type { Change } from '../changes/change.ts'
import { Comment } from '../comments/schemas.ts'
import { TaskCompletion } from '../completions/schemas.ts'
import { invalidParameter, MalformedRequest } from '../http/problems.ts'
import { bodies, headersOf, result } from '../http/responses.ts'
import { defaulted, Id, ref, Timestamp, words } from '../http/schemas.ts'
import { allows } from '../http/security.ts'
import { onceInSteps } from '../idempotency/idempotency.ts'
import { Label } from '../labels/schemas.ts'
import { Project } from '../projects/schemas.ts'
import { lookUpProject } from '../projects/store.ts'
import { Due } from '../tasks/dues.ts'
import { Task } from '../tasks/schemas.ts'
import { tasksTag } from '../tasks/tag.ts'
import { validatedTask } from '../tasks/validated.ts'
import type { AuthenticatedUser } from '../users/table.ts'
import { csvText, jsonText } from './files.ts'
import {
  archiveImported,
  type Import,
  type Imported,
  importGroups,
  importSome,
  parentsFirst,
  tryImport,
} from './import.ts'
import { contentsOf, type Format, formats } from './records.ts'
import { calendarText } from './streams.ts'

const mediaTypes = { json: 'application/json', csv: 'text/csv', ics: 'text/calendar' } as const
const maxRecords = 10_000
/** Records of one write. */
const chunkLength = 50

const Uid = Type.String({
  pattern: '^[^\\x00]*$',
  maxLength: 255,
  description: 'What the task is called in files: a file that is imported again finds it by this.',
  examples: ['42-1769850000000@tasks'],
})

const SeriesState = Type.Unsafe<object | null>({
  ...Type.Object(
    {
      first: Due,
      current: Due,
      number: Type.Integer({
        format: 'int32',
        minimum: 1,
        maximum: 1_000_000,
        description: 'The number of the current occurrence: 1 for the first.',
        examples: [3],
      }),
    },
    {
      additionalProperties: false,
      description:
        'Where a task that recurs stands: when its first and its current occurrence are due by the rule. Null for others.',
      examples: [{ first: { date: '2026-12-01' }, current: { date: '2026-12-15' }, number: 3 }],
    },
  ),
  type: ['object', 'null'],
})

export const TaskExport = Type.Object(
  {
    version: Type.Literal(1, { description: 'The version of this form.', examples: [1] }),
    exported_at: Timestamp(),
    projects: Type.Array(ref(Project), { description: 'All projects.' }),
    labels: Type.Array(ref(Label), { description: 'All labels.' }),
    tasks: Type.Array(
      Type.Object(
        {
          ...Task.properties,
          uid: Uid,
          parent_uid: Type.Unsafe<string | null>({ ...Uid, type: ['string', 'null'] }),
          series: SeriesState,
        },
        { additionalProperties: false },
      ),
      { description: 'All tasks, those in the trash too.' },
    ),
    completions: Type.Array(ref(TaskCompletion), { description: 'What was done, and when.' }),
    comments: Type.Array(ref(Comment), { description: 'All comments.' }),
  },
  { $id: 'TaskExport', additionalProperties: false, description: 'All tasks, and everything about them.' },
)

export const ImportReport = Type.Object(
  {
    dry_run: Type.Boolean({ description: 'Whether nothing was written.', examples: [false] }),
    created: Type.Integer({
      format: 'int32',
      minimum: 0,
      maximum: maxRecords,
      description: 'New tasks.',
      examples: [3],
    }),
    updated: Type.Integer({
      format: 'int32',
      minimum: 0,
      maximum: maxRecords,
      description: 'Tasks that were there already.',
      examples: [1],
    }),
    refused: Type.Array(
      Type.Object(
        {
          row: Type.Integer({
            format: 'int32',
            minimum: 1,
            maximum: maxRecords,
            description: 'The number of the record in the file; the first is 1.',
            examples: [2],
          }),
          errors: Type.Array(
            Type.Object(
              {
                detail: Type.String({
                  maxLength: 1000,
                  description: 'What is wrong.',
                  examples: ['title is required'],
                }),
                pointer: Type.Optional(
                  Type.String({
                    format: 'json-pointer',
                    maxLength: 1000,
                    description: 'The field of the task that is wrong.',
                    examples: ['/title'],
                  }),
                ),
              },
              { additionalProperties: false },
            ),
            { maxItems: 20, description: 'Why it was refused.' },
          ),
        },
        { additionalProperties: false },
      ),
      { maxItems: maxRecords, description: 'The records that are no tasks. The others are imported.' },
    ),
  },
  { $id: 'ImportReport', additionalProperties: false, description: 'What became of the records of a file.' },
)

const FormatOf = (description: string) => words(formats, { description, examples: ['json'] })

const calendarExample =
  'BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VTODO\r\nUID:1\r\nSUMMARY:Buy milk\r\nEND:VTODO\r\nEND:VCALENDAR\r\n'

const TextFile = ($id: string, description: string, example: string) =>
  Type.String({ $id, maxLength: 2 ** 31 - 1, description, examples: [example] })

const CsvFile = TextFile(
  'CsvFile',
  'One line for each task; the first names the columns.',
  'title,due\r\nBuy milk,2026-12-01\r\n',
)
const CalendarFile = TextFile('CalendarFile', 'An iCalendar file, with a VTODO for each task.', calendarExample)

const anything = { description: 'What the format has.' }
const JsonFile = Type.Unsafe<object>({
  $id: 'JsonFile',
  type: ['object', 'array'],
  additionalProperties: anything,
  items: { type: 'object', additionalProperties: anything },
  maxItems: maxRecords,
  description: 'What GET /tasks/export answers, or the data.json of Vikunja.',
  examples: [{ version: 1, tasks: [{ uid: 'milk', title: 'Buy milk', priority: 'high' }] }],
})

/** Tasks in files that other programs read and write. */
export const fileRoutes: FastifyPluginAsyncTypebox = async function fileRoutes(app) {
  const { db, sweeps } = app
  for (const schema of [
    Project,
    Label,
    TaskCompletion,
    Comment,
    TaskExport,
    ImportReport,
    JsonFile,
    CsvFile,
    CalendarFile,
  ])
    app.addSchema(schema)
  const utf8 = new TextDecoder('utf-8', { fatal: true })
  app.addContentTypeParser(['text/csv', 'text/calendar'], { parseAs: 'buffer' }, (_request, body, done) => {
    try {
      done(null, utf8.decode(body as Buffer))
    } catch {
      done(new MalformedRequest({ detail: 'The body is not valid UTF-8.' }))
    }
  })

  const fileOf = (format: Format, user: AuthenticatedUser): AsyncIterable<string> => {
    if (format === 'json') return jsonText(db, user)
    return format === 'csv' ? csvText(db, user) : calendarText(db, user.id, { name: 'Tasks' })
  }

  app.get(
    '/export',
    {
      config: { isStreamed: true },
      schema: {
        tags: [tasksTag.name],
        security: allows('tasks:read'),
        operationId: 'exportTasks',
        summary: 'Export your tasks',
        description:
          'Answers all tasks as a file. JSON has everything, the trash and the ledger too, and can be imported again; CSV and iCalendar have the tasks that are listed. The file is streamed: if the connection breaks before it ends, it is incomplete. In CSV, a cell that a spreadsheet would read as a formula begins with one more apostrophe, which importing takes off.',
        querystring: Type.Object(
          {
            format: defaulted(
              words(formats, { default: 'json', description: 'The format of the file.', examples: ['json'] }),
            ),
          },
          { additionalProperties: false },
        ),
        response: {
          200: {
            description: 'The file.',
            ...headersOf(['cache-control', 'content-disposition']),
            content: {
              [mediaTypes.json]: { schema: ref(TaskExport) },
              [mediaTypes.csv]: { schema: ref(CsvFile) },
              [mediaTypes.ics]: { schema: ref(CalendarFile) },
            },
          },
        },
      },
    },
    async ({ user, query, method }, reply) => {
      const { format } = query
      reply.headers({
        'cache-control': 'no-store',
        'content-disposition': `attachment; filename="tasks.${format}"`,
        'content-type': mediaTypes[format],
      })
      return reply.send(Readable.from(method === 'HEAD' ? [] : fileOf(format, user)) as never)
    },
  )

  app.post(
    '/import',
    {
      bodyLimit: 5 * 1024 * 1024,
      config: { isIdempotent: true },
      schema: {
        tags: [tasksTag.name],
        security: allows('tasks:write'),
        operationId: 'importTasks',
        summary: 'Import tasks from a file',
        description:
          'Reads a file of up to 5 MiB and 10,000 tasks: the JSON, CSV or iCalendar of `GET /tasks/export`, iCalendar files of other programs, a CSV template of Todoist, or the `data.json` of Vikunja. A task whose `uid` is known is changed, others are created. Records that cannot be tasks are refused, each with its errors, and the others are imported. Sending the file again is safe for tasks with a `uid`. Of Todoist, dates in words come into the description; of Vikunja, only the tasks, their projects, labels and comments are read.',
        querystring: Type.Object(
          {
            format: Type.Optional(FormatOf('The format of the file. It must be that of the Content-Type.')),
            dry_run: defaulted(
              Type.Boolean({ default: false, description: 'Whether only to check the file.', examples: [false] }),
            ),
            project_id: Type.Optional(
              Id({ description: 'The project for new tasks, whatever the file says.', examples: [3] }),
            ),
          },
          { additionalProperties: false },
        ),
        body: bodies({
          [mediaTypes.json]: ref(JsonFile),
          [mediaTypes.csv]: ref(CsvFile),
          [mediaTypes.ics]: ref(CalendarFile),
        }),
        response: { 200: result(ref(ImportReport), 'What became of the records.') },
      },
    },
    async (request, reply) => {
      const { user, body, query } = request
      const format = formatOf(request)
      if (query.format !== undefined && query.format !== format) {
        throw invalidParameter('format', `is not that of the body, which is ${format}`)
      }
      const { project_id: projectId, dry_run: isTry } = query
      const project = projectId === undefined ? undefined : await lookUpProject(db, user.id, projectId)
      if (
        projectId !== undefined &&
        (project === undefined || project.deletedAt !== null || project.archivedAt !== null)
      ) {
        throw invalidParameter('project_id', 'is not the id of a project of yours that takes tasks')
      }
      const contents = await contentsOf(body, format, user.timezone)
      const { records, projects = [], labels = [] } = contents
      if (records.length > maxRecords) throw invalidParameter('body', `can have ${maxRecords} tasks at most`)
      const context: Import = {
        ...contents,
        validate: (task) => validatedTask(request, task),
        projectId,
        tasks: new Map(),
        projectIds: new Map(),
      }
      if (isTry) return report(true, [await tryImport(db, user, context)])
      const places = parentsFirst(records)
      const chunks = Array.from({ length: Math.ceil(places.length / chunkLength) }, (_, i) =>
        places.slice(i * chunkLength, (i + 1) * chunkLength),
      )
      const hasGroups = projects.length + labels.length > 0
      const steps: ((change: Change, done: readonly Imported[]) => Promise<Imported>)[] = [
        ...(hasGroups ? [(change: Change) => importGroups(change, context)] : []),
        ...chunks.map((chunk) => (change: Change) => importSome(change, sweeps, chunk, context)),
        ...(hasGroups
          ? [(change: Change, [groups]: readonly Imported[]) => archiveImported(change, sweeps, groups?.archive ?? [])]
          : []),
      ]
      const parts = await onceInSteps<Imported>(request, reply, steps.length, {
        run: (change, done) => steps[done.length]!(change, done),
        failed: (problem) => {
          throw problem
        },
      })
      return report(false, parts)
    },
  )
}

function report(isTry: boolean, parts: readonly Imported[]): Static<typeof ImportReport> {
  const sum = (name: 'created' | 'updated') => parts.reduce((total, part) => total + part[name], 0)
  const refused = parts.flatMap((part) => part.refused).toSorted((a, b) => a.row - b.row)
  return {
    dry_run: isTry,
    created: sum('created'),
    updated: sum('updated'),
    refused: refused.map(({ row, errors }) => ({ row, errors: [...errors].slice(0, 20) })),
  }
}

const formatOf = ({ mediaType }: FastifyRequest): Format =>
  (Object.keys(mediaTypes) as Format[]).find((format) => mediaTypes[format] === mediaType) ?? 'json'
