import { closedCsp, sourceHash } from '../http/pages.ts'
import type { Welcome } from './schemas.ts'

const style = `
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }
body { max-width: 44rem; margin: 3rem auto; padding: 0 1rem }
h1 { margin: 0; font-size: 1.8rem; line-height: 1.2 }
h2 { margin: 2rem 0 .5rem; font-size: 1.2rem }
nav { display: flex; flex-wrap: wrap; gap: .5rem; margin: 1.5rem 0 }
nav a { padding: .4rem .9rem; border: 1px solid #8888; border-radius: .4rem; text-decoration: none }
nav a:first-child { background: #1a7f56; border-color: #1a7f56; color: #fff }
pre { overflow-x: auto; padding: .8rem 1rem; border-radius: .4rem; background: #8882; font-size: .875rem }
.version { opacity: .7 }
`

// The page cannot know the address that it is read at: a proxy may have changed it.
const script = `
document.getElementById('api').textContent = location.href.replace(/[?#].*$/, '').replace(/\\/$/, '')
`

export const welcomeCsp = `${closedCsp}; img-src 'self'; style-src ${sourceHash(style)}; script-src ${sourceHash(script)}`

export const welcomeHtml = ({ name, version, links: { docs, openapi, problems } }: Welcome) => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${name}</title>
<link rel="icon" href="favicon.ico">
<style>${style}</style>
<h1>${name}</h1>
<p class="version">Version ${version}</p>
<p>This is a server for programs that keep tasks. It speaks JSON over HTTP.</p>
<nav>
${docs ? `<a href="${docs}">Documentation</a>` : ''}
${openapi ? `<a href="${openapi}">OpenAPI document</a>` : ''}
<a href="${problems}">Errors</a>
</nav>
<h2>First steps</h2>
<p>Register, log in for a token, and create a task:</p>
<pre><code>API=<span id="api">http://127.0.0.1:8000</span>
curl $API/auth/register -H 'Content-Type: application/json' \\
  -d '{"email":"ann@example.org","password":"correct horse battery"}'
curl $API/auth/login -H 'Content-Type: application/json' \\
  -d '{"email":"ann@example.org","password":"correct horse battery"}'
TOKEN=…  # the access_token of the answer
curl $API/tasks -H "Authorization: Bearer $TOKEN" \\
  -H 'Content-Type: application/json' -d '{"title":"Buy milk"}'
curl $API/tasks -H "Authorization: Bearer $TOKEN"</code></pre>
<script>${script}</script>
</html>
`
