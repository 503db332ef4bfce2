/**
 * The first page of the document. Its commands are one script, which a test runs; they work with curl 7.68, which has no
 * `--json`.
 */
export const introduction = `This API keeps tasks. Any client can use it: a program, a script, or this page.

## Getting started

Register an account, log in, and keep the access token:

\`\`\`sh
API=http://127.0.0.1:8000
ANN='{"email":"ann@example.org","password":"correct horse battery"}'
curl -s $API/auth/register -H 'Content-Type: application/json' -d "$ANN"
TOKEN=$(curl -s $API/auth/login -H 'Content-Type: application/json' -d "$ANN" |
  sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')
\`\`\`

On this page, register with \`POST /auth/register\`, press **Authorize**, and enter the same email and password.

## Authentication

Send the token with every request, in the \`Authorization\` header:

\`\`\`sh
curl -s $API/tasks -H "Authorization: Bearer $TOKEN" \\
  -H 'Content-Type: application/json' -d '{"title":"Buy milk"}'
\`\`\`

An access token expires after \`expires_in\` seconds. Exchange the refresh token at \`POST /auth/refresh\` for new tokens;
the answer replaces the refresh token, too. For scripts and agents, create a personal access token with \`POST /users/me/tokens\`.

## Errors

Every error is a problem document (RFC 9457) of type \`application/problem+json\`. Branch on its \`code\`, which never
changes; the texts may. For invalid input (422), \`errors\` lists each wrong value and its place. Unknown fields and
parameters are errors too. A resource of another user is answered like one that does not exist: 404.

\`\`\`sh
curl -s $API/tasks -H "Authorization: Bearer $TOKEN" \\
  -H 'Content-Type: application/json' -d '{"title":""}'
\`\`\`

## Pages

A list is an array, newest first. If there are more items, the \`Link\` header has the address of the next page; follow it
until it is absent (RFC 8288).

\`\`\`sh
curl -si "$API/tasks?limit=1" -H "Authorization: Bearer $TOKEN"
\`\`\`

A page never shows an item twice, and misses none that stays where it is, whatever is written in between.

## Filters

\`GET /tasks\` takes filters in any combination, a search (\`q\`), and an order (\`sort\`). With filters that few tasks meet, a
page may be short or even empty although there are more: only a missing \`Link\` says that a page is the last one.

\`\`\`sh
curl -s "$API/tasks?open=true&priority=high,none&sort=due&q=milk" -H "Authorization: Bearer $TOKEN"
\`\`\`

## Conditional requests

Reads have an \`ETag\`. Send it as \`If-None-Match\`, and an answer that has not changed is a 304 without a body. Send the
\`ETag\` of a task as \`If-Match\` when you change or delete it: if the task has changed since you read it, the answer is
412, and nothing is overwritten.

\`\`\`sh
ETAG=$(curl -si $API/tasks/1 -H "Authorization: Bearer $TOKEN" | sed -n 's/^etag: *\\([^\\r]*\\).*/\\1/Ip')
curl -s $API/tasks/1 -X PATCH -H "Authorization: Bearer $TOKEN" -H "If-Match: $ETAG" \\
  -H 'Content-Type: application/json' -d '{"status":"completed"}'
\`\`\`

\`PUT\` and \`PATCH\` do the same: fields that are absent keep their value, and \`null\` clears a field (RFC 7396).

## Retries

If you do not know whether a \`POST\` succeeded, because its answer was lost, it must be safe to send it again. Send an
\`Idempotency-Key\` of your own with the first attempt and every repetition: the server does it once, and answers each repetition as
it answered the first, for 24 hours. \`PUT\`, \`PATCH\` and \`DELETE\` can be repeated without a key.

\`\`\`sh
for attempt in 1 2; do
  curl -s $API/tasks -H "Authorization: Bearer $TOKEN" -H 'Idempotency-Key: 8e03978e-40d5' \\
    -H 'Content-Type: application/json' -d '{"title":"Buy bread"}'
done
\`\`\`

\`POST /tasks/batch\` takes up to 100 operations, all or none of which happen. Later ones can refer to tasks that earlier ones
create.

\`\`\`sh
curl -s $API/tasks/batch -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d '{"operations":[
  {"op":"create","ref":"move","task":{"title":"Move house"}},
  {"op":"create","task":{"title":"Pack","parent_id":{"ref":"move"}}}]}'
\`\`\`

## Keeping a copy

A client that works offline keeps a copy. \`GET /sync\` answers everything, and a token; with that token it answers only what
has changed since, and a new token. Repeat the call while \`has_more\` is true. What is named in \`deleted\` is gone from your
copy: tasks in the trash, tasks of archived projects, and what was deleted for good. A token is good for 90 days; after that
the answer is 410, and you start again without one.

\`\`\`sh
SYNC_TOKEN=$(curl -s $API/sync -H "Authorization: Bearer $TOKEN" | sed 's/.*"sync_token":"\\([^"]*\\)".*/\\1/')
curl -s $API/tasks -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d '{"title":"Buy tea"}'
curl -s "$API/sync?sync_token=$SYNC_TOKEN" -H "Authorization: Bearer $TOKEN"
\`\`\`

## Limits

Requests are limited for each user, and logins for each address. \`RateLimit\` tells how many requests are left, and
\`RateLimit-Policy\` how many are allowed. Beyond the limit, the answer is 429; wait as many seconds as \`Retry-After\` says.

\`\`\`sh
curl -si $API/users/me -H "Authorization: Bearer $TOKEN" | grep -i '^ratelimit'
\`\`\`

## Versions

The version at the top is that of the server and of this API (Semantic Versioning); \`GET /\` answers it, too. A release
may add operations, optional parameters, fields of answers, headers, error codes, and words to a list of words: ignore
what you do not know. Whatever is to be removed or changed is first marked \`deprecated\` here and listed in the changelog,
and stays until the next major version.

\`\`\`sh
curl -s $API/
\`\`\`

## Formats

Bodies are JSON in UTF-8. Times are RFC 3339 in UTC with milliseconds. Ids are integers of at most 15 digits.
`
