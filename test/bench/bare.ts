/** Fastify and nothing else, sending the objects, and so the bytes, that the real server was seen to send. */
import { availableParallelism } from 'node:os'
import { verify } from '@node-rs/argon2'
import fastify from 'fastify'
import pLimit from 'p-limit'

export interface Answers {
  readonly one: string
  readonly list: string
  readonly created: string
  readonly passwordHash: string
}

const answers: Answers = JSON.parse(process.env.ANSWERS as string)
const [one, list, created] = [answers.one, answers.list, answers.created].map((text) => JSON.parse(text))
const turns = pLimit(Math.max(1, availableParallelism() - 1))

const app = fastify()
app.get('/health/live', (_request, reply) => reply.send('ok'))
app.get('/tasks/:id', (_request, reply) => reply.send(one))
app.get('/tasks', (_request, reply) => reply.send(list))
app.post('/tasks', (_request, reply) => reply.code(201).send(created))
app.post<{ Body: { password: string } }>('/auth/login', async ({ body }) => ({
  isRight: await turns(() => verify(answers.passwordHash, body.password)),
}))
await app.listen({ port: Number(process.env.PORT) })
