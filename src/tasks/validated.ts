import type { FastifyRequest } from 'fastify'
import { MalformedRequest, Problem } from '../http/problems.ts'
import { NewTask } from './schemas.ts'

/** A task that came in another form than JSON, by the schema that POST /tasks has. Throws InvalidInput. */
export function validatedTask(request: FastifyRequest, task: unknown): NewTask {
  const validate = request.compileValidationSchema(NewTask, 'body')
  const outcome = validate(task) as boolean | { error?: unknown }
  if (outcome === true) return task as NewTask
  const error = typeof outcome === 'object' ? outcome.error : undefined
  throw error instanceof Problem ? error : new MalformedRequest()
}
