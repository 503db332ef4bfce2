/** Fastify and Argon2: what a login cannot do without, as many at once as our server does. */
import { availableParallelism } from 'node:os'
import { verify } from '@node-rs/argon2'
import fastify from 'fastify'
import pLimit from 'p-limit'

const passwordHash = process.env.PASSWORD_HASH as string
const turns = pLimit(Math.max(1, availableParallelism() - 1))

const app = fastify()
app.get('/health/live', (_request, reply) => reply.send('ok'))
app.post<{ Body: { password: string } }>('/auth/login', async ({ body }) => ({
  isRight: await turns(() => verify(passwordHash, body.password)),
}))
await app.listen({ port: Number(process.env.PORT) })
