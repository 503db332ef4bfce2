import swagger from '@fastify/swagger'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { OpenAPIV3_1 } from 'openapi-types'
import { scopeMeanings, scopes } from '../values/scopes.ts'
import { version } from '../version.ts'
import { introduction } from './docs-introduction.ts'
import { withComponents } from './openapi-components.ts'

/** A group of operations in the document. */
interface Tag {
  readonly name: string
  readonly description: string
}

/** The OpenAPI document, made from the routes' schemas. */
export const openapi = fp(
  async function openapi(app: FastifyInstance, { tags }: { tags: readonly Tag[] }) {
    const withOptionalBody = new Set<string>()
    app.addHook('onRoute', ({ config, schema }) => {
      if (config?.isBodyOptional) withOptionalBody.add(schema!.operationId!)
    })
    await app.register(swagger, {
      openapi: {
        openapi: '3.1.0',
        info: {
          title: 'Task Management API',
          version,
          description: introduction,
          license: { name: 'MIT', identifier: 'MIT' },
          contact: { name: 'The maintainers' },
        },
        servers: [{ url: '/', description: 'The server that served this document.' }],
        tags: [...tags],
        components: {
          securitySchemes: {
            password: {
              type: 'oauth2',
              description:
                'Register first, with `POST /auth/register`. Then log in here with the same email and password. OAuth2 clients send the email as `username`. The access token is a JWT, checked as RFC8725 requires.',
              flows: { password: { tokenUrl: '/auth/login', refreshUrl: '/auth/refresh', scopes: {} } },
            },
            access_token: {
              type: 'http',
              scheme: 'bearer',
              bearerFormat: 'JWT',
              description:
                'An access token from `POST /auth/login`, if you already have one. It is a JWT, checked as RFC8725 requires.',
            },
            personal_access_token: { type: 'http', scheme: 'bearer', description: tokenDescription },
          },
        },
        security: [{ password: [] }, { access_token: [] }],
      },
      transformObject: (made) =>
        withComponents((made as { openapiObject: Partial<OpenAPIV3_1.Document> }).openapiObject, (id) =>
          withOptionalBody.has(id),
        ),
      refResolver: { buildLocalReference: (schema, _base, _fragment, i) => String(schema.$id ?? `schema-${i}`) },
    })
  },
  { name: 'openapi' },
)

// Role names of an HTTP scheme are not defined elsewhere in a document (OpenAPI 3.1, Security Requirement Object).
const tokenDescription = `A personal access token with the scope that the operation lists, from POST /users/me/tokens.

${scopes.map((scope) => `- \`${scope}\`: ${scopeMeanings[scope]}`).join('\n')}`
