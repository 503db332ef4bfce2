import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { clientOf } from '../audit/store.ts'
import type { Config } from '../config.ts'
import {
  DatabaseDown,
  EmailTaken,
  InsufficientScope,
  InvalidInput,
  InvalidLink,
  MailDisabled,
  Overloaded,
  RateLimited,
  WrongPassword,
} from '../errors.ts'
import { failures, nothing, ref } from '../schemas.ts'
import { emailChangedMail, emailChangeMail, passwordChangedMail, passwordResetMail } from './mails.ts'
import { EmailChange, EmailConfirmation, PasswordChange, PasswordReset, PasswordResetRequest } from './schemas.ts'
import { changeEmail, changePassword, openEmailChange, openPasswordReset, resetPassword } from './store.ts'

/** What an account is logged in with, changed by its owner: who knows the password, or who reads the email. */
export const recoveryRoutes: FastifyPluginAsyncTypebox<{ config: Config }> = async function recoveryRoutes(
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
          'Ends all your other sessions and every link that was mailed to you. Personal access tokens stay. A mail tells you, where the server sends mail.',
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
        summary: 'Forgot your password?',
        description:
          'Mails a link that resets the password, at most once a minute. The answer is the same whether or not there is such an account. The link is good for 30 minutes, until it is used, or until the next is mailed; a mail that gets lost is not sent again.',
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
          'Gives the account a new password. Ends all its sessions, revokes its personal access tokens, and tells by mail. A weak password leaves the link as it is.',
        body: ref(passwordReset),
        response: {
          204: nothing('The password is changed: log in with it.'),
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
          'Mails a link to the new email, at most once a minute; until it is used, the account keeps the old one. The link is good for 30 minutes, until it is used, or until the next is mailed; a mail that gets lost is not sent again.',
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
        description: 'The account has the new email from now on. Sessions and tokens stay; the old email is told.',
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
