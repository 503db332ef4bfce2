import { problem } from '../http/problems.ts'

export const ProjectNotFound = problem(
  'PROJECT_NOT_FOUND',
  404,
  'Project not found',
  'You have no project with this id: it never existed, was deleted, or belongs to another user.',
)

export const InboxStays = problem(
  'INBOX_STAYS',
  409,
  'The Inbox stays',
  'The Inbox holds the tasks that are in no other project. It cannot be archived or deleted.',
)

export const ProjectArchived = problem(
  'PROJECT_ARCHIVED',
  409,
  'Project is archived',
  'The project is archived or in the trash, so it takes no tasks. Unarchive or restore it first.',
)

export const TooManyProjects = problem(
  'TOO_MANY_PROJECTS',
  409,
  'Too many projects',
  'An account has at most 500 projects. Delete some for good first.',
)
