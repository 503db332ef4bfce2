import { type Static, Type } from '@sinclair/typebox'

const Link = (description: string, path: string) =>
  Type.String({ format: 'uri-reference', maxLength: 100, description, examples: [path] })

export const Welcome = Type.Object(
  {
    name: Type.String({ pattern: '\\S', maxLength: 100, description: 'The name of the API.', examples: ['Tasks'] }),
    version: Type.String({
      pattern: '^\\d+\\.\\d+\\.\\d+',
      maxLength: 50,
      description: 'The version of the server (Semantic Versioning).',
      examples: ['1.0.0'],
    }),
    links: Type.Object(
      {
        docs: Type.Optional(Link('The documentation, for people; absent if the server does not serve it.', 'docs')),
        openapi: Type.Optional(
          Link('The OpenAPI document, for programs; absent if the server does not serve it.', 'openapi.json'),
        ),
        problems: Link('The list of the errors.', 'problems'),
      },
      { additionalProperties: false, description: 'References, relative to this address.' },
    ),
  },
  { $id: 'Welcome', additionalProperties: false, description: 'What this server is and where to read on.' },
)
export type Welcome = Static<typeof Welcome>

export const WelcomePage = Type.String({
  pattern: '^<!doctype html>',
  maxLength: 100_000,
  description: 'The same as a page, for people.',
  examples: ['<!doctype html>'],
})
