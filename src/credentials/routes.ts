import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Config } from '../config.ts'
import { clientOf } from '../http/client.ts'
import { DatabaseDown, InsufficientScope, InvalidInput, Overloaded, RateLimited } from '../http/problems.ts'
import { failures, nothing } from '../http/responses.ts'
import { ref } from '../http/schemas.ts'
import { EmailTaken } from '../users/problems.ts'
import { emailChangedMail, emailChangeMail, passwordChangedMail, passwordResetMail } from './mails.ts'
import { InvalidLink, MailDisabled, WrongPassword } from './problems.ts'
import { EmailChange, EmailConfirmation, PasswordChange, PasswordReset, PasswordResetRequest } from './schemas.ts'
import { changeEmail, changePassword, openEmailChange, openPasswordReset, resetPassword } from './store.ts'

/** Changes to the password and the email of an account, by its owner: somebody who knows the password or reads the email. */
export const credentialRoutes: FastifyPluginAsyncTypebox<{ config: Config }> = async function credentialRoutes(
  app,
  { config },
) {
  const { db, guesses } = app
  const publicUrl = config.publicUrl ?? ''
  const passwordChange = PasswordChange(config.passwordMinLength)
  const passwordReset = PasswordReset(config.passwordMinLength)
  for (const schema of [passwordChange, PasswordResetRequest, passwordReset, EmailChange, EmailConfirmation]) {
    app.addSchema(schema)
  }
  const open = { tags: ['auth'], security: [] }
  const needsMail = async () => {
    if (!app.mail) throw new MailDisabled()
  }

  app.put(
    '/users/me/password',
    {
      config: { limit: 'login' },
      schema: {
        operationId: 'changePassword',
        summary: 'Change your password',
        description:
          'Ends all your other sessions and invalidates every link that was mailed to you. Personal access tokens keep working. If the server sends mail, you are notified.',
        tags: ['users'],
        body: ref(passwordChange),
        response: {
          204: nothing('The password is changed.'),
          ...failures(WrongPassword, InsufficientScope, Overloaded, DatabaseDown),
        },
      },
    },
    async (request, reply) => {
      const { user, sessionId, body, log } = request
      await changePassword(db, guesses, user, sessionId, body, config, clientOf(request))
      app.mail?.(log, async () => passwordChangedMail(user))
      return reply.code(204).send()
    },
  )

  app.post(
    '/auth/password-reset',
    {
      config: { limit: 'login' },
      onRequest: needsMail,
      schema: {
        ...open,
        operationId: 'requestPasswordReset',
        summary: 'Request a password reset',
        description:
          'Mails a link that resets the password, at most once a minute. The answer does not say whether there is an account with this email. The link is valid for 30 minutes, until it is used, or until the next link is mailed. A lost mail is not sent again.',
        body: ref(PasswordResetRequest),
        response: {
          202: nothing('If an active account has this email, a mail is on its way.'),
          ...failures(MailDisabled),
        },
      },
    },
    async (request, reply) => {
      const client = clientOf(request)
      app.mail?.(request.log, async () => {
        const link = await openPasswordReset(db, request.body.email, client)
        return link && passwordResetMail(link, publicUrl)
      })
      return reply.code(202).send()
    },
  )

  app.post(
    '/auth/password-reset/confirm',
    {
      config: { limit: 'login' },
      onRequest: needsMail,
      schema: {
        ...open,
        operationId: 'resetPassword',
        summary: 'Reset your password',
        description:
          'Sets a new password, ends all sessions of the account, revokes its personal access tokens, and notifies the owner by mail. If the password is refused, the link stays valid.',
        body: ref(passwordReset),
        response: {
          204: nothing('The password is changed. Log in with it.'),
          ...failures(MailDisabled, InvalidLink, InvalidInput, Overloaded, DatabaseDown),
        },
      },
    },
    async (request, reply) => {
      const user = await resetPassword(db, request.body, config, clientOf(request))
      app.mail?.(request.log, async () => passwordChangedMail(user))
      return reply.code(204).send()
    },
  )

  app.post(
    '/users/me/email',
    {
      config: { limit: 'login' },
      onRequest: needsMail,
      schema: {
        operationId: 'requestEmailChange',
        summary: 'Change your email',
        description:
          'Mails a link to the new email, at most once a minute. The account keeps the old email until the link is used. The link is valid for 30 minutes, until it is used, or until the next link is mailed. A lost mail is not sent again.',
        tags: ['users'],
        body: ref(EmailChange),
        response: {
          202: nothing('A mail to the new email is on its way.'),
          ...failures(MailDisabled, WrongPassword, InsufficientScope, RateLimited, Overloaded, DatabaseDown),
        },
      },
    },
    async (request, reply) => {
      const { user, body, log } = request
      const link = await openEmailChange(db, guesses, user, body, clientOf(request))
      app.mail?.(log, async () => emailChangeMail(link, publicUrl))
      return reply.code(202).send()
    },
  )

  app.post(
    '/auth/email-change/confirm',
    {
      config: { limit: 'login' },
      onRequest: needsMail,
      schema: {
        ...open,
        operationId: 'confirmEmailChange',
        summary: 'Confirm your new email',
        description: 'Changes the email of the account and notifies the old email. Sessions and tokens stay valid.',
        body: ref(EmailConfirmation),
        response: {
          204: nothing('The email is changed.'),
          ...failures(MailDisabled, EmailTaken, InvalidLink, InvalidInput, DatabaseDown),
        },
      },
    },
    async (request, reply) => {
      const former = await changeEmail(db, request.body.token, clientOf(request))
      app.mail?.(request.log, async () => emailChangedMail(former))
      return reply.code(204).send()
    },
  )
}
