/** What runs in the browser at /docs, as text: the configuration of Swagger UI, and plugins for what it has no options for. */

// Not shown: the choice among one server, and OAuth2's scopes and clients, which this API does not have.
export const docsStyle = `
body { margin: 0 }
#jump { display: block; max-width: 1460px; margin: 1rem auto -1rem; padding: 0 20px; font: .9rem system-ui, sans-serif; color: #3b7dd8 }
.swagger-ui .schemes-server-container > *,
.swagger-ui .scope-def,
.swagger-ui .auth-container .flow,
.swagger-ui .wrapper:has(> [for=password_type], > [for=client_id_password], > [for=client_secret_password]) {
  display: none;
}
.swagger-ui .scheme-container { padding: 1rem 0; margin-bottom: 1rem }
.swagger-ui .info { margin: 2rem 0 1rem }
.swagger-ui .info .renderedMarkdown { max-width: 48rem }
.swagger-ui .info .renderedMarkdown h2 { margin: 1.5rem 0 .5rem; font-size: 1.3rem }
.swagger-ui .info .renderedMarkdown p { margin: .5rem 0; line-height: 1.45 }
.swagger-ui .info .renderedMarkdown pre { overflow-x: auto; padding: .75rem 1rem; border-radius: 4px; background: #8882 }
.swagger-ui .info .renderedMarkdown pre > code { padding: 0; font-weight: normal; background: none; color: inherit; white-space: pre }
.swagger-ui .response-col_links { display: none }
.swagger-ui .responses-table tr.short td { padding: .35rem 0; font-size: .875rem }
.swagger-ui tr.short a { margin-right: .75em; font-family: monospace; overflow-wrap: anywhere }
.swagger-ui .responses-wrapper table.headers td { font: .8rem/1.4 sans-serif }
.swagger-ui .responses-wrapper table.headers td:first-child { font-family: monospace; white-space: nowrap }
@media (max-width: 640px) {
  .swagger-ui .wrapper { padding: 0 .75rem }
  .swagger-ui .info .title { font-size: 1.6rem; line-height: 1.8 }
  .swagger-ui .info .version-stamp { display: none }
  #jump { padding: 0 .75rem }
  .swagger-ui .opblock .opblock-summary-method { min-width: 4.5rem; padding: .4rem .25rem }
  .swagger-ui .opblock .opblock-summary-path { overflow-wrap: anywhere }
  .swagger-ui .opblock-tag { padding: .5rem 0 }
  .swagger-ui table.parameters tr { display: block }
  .swagger-ui table.parameters thead { display: none }
  .swagger-ui table.parameters td { display: block; padding: .25rem 0; max-width: 100% }
  .swagger-ui .parameters-col_description input { max-width: 100% }
  .swagger-ui .response-col_status { min-width: 3.5rem }
  .swagger-ui .headers :is(td, th):nth-child(3) { display: none }
  .swagger-ui .dialog-ux .modal-ux { min-width: 0; width: calc(100vw - 1rem) }
}
`

/**
 * Swagger UI keeps an authorization over a reload with the password that it was got with; only who it is and the token
 * are kept here.
 */
function keepOnlyTheToken() {
  type Authorization = {
    name: string
    schema: object
    value?: unknown
    token?: { access_token: string }
    username?: string
  }
  type System = { authSelectors: { authorized(): { toJS(): Record<string, Authorization> } } }
  const persist = (_original: unknown, { authSelectors }: System) => {
    return () => {
      const authorized = Object.entries(authSelectors.authorized().toJS())
      const kept = authorized.map(([id, { name, schema, value, token, username }]) => {
        return [id, { name, schema, value, token: token && { access_token: token.access_token }, username }]
      })
      localStorage.setItem('authorized', JSON.stringify(Object.fromEntries(kept)))
    }
  }
  return { statePlugins: { auth: { wrapActions: { persistAuthorizationIfNeeded: persist } } } }
}

interface React {
  createElement(component: unknown, props: object, ...children: unknown[]): Element
  cloneElement(element: Element, props: object, ...children: unknown[]): Element
  isValidElement(node: unknown): node is Element
  Children: { map(children: unknown, change: (child: unknown) => unknown): unknown[] | undefined }
}
interface Element {
  props: { children?: unknown }
}

/** The Authorize dialog would open with the focus on its last input, the pasted token's. */
function focusOnEmail({ React }: { React: React }) {
  const input = (Input: unknown) => (props: object) => React.createElement(Input, { ...props, autoFocus: false })
  return { wrapComponents: { Input: input } }
}

/** OAuth2 says `username`; what is to be typed there is an email. */
function askForEmail({ React }: { React: React }) {
  type Component = new () => { render(): Element }
  const reworded = (node: unknown): unknown => {
    if (node === 'username:') return 'email:'
    if (!React.isValidElement(node) || node.props.children === undefined) return node
    return React.cloneElement(node, {}, ...(React.Children.map(node.props.children, reworded) ?? []))
  }
  const oauth2 = (Dialog: Component) =>
    class extends Dialog {
      override render() {
        return reworded(super.render()) as Element
      }
    }
  return { wrapComponents: { oauth2 } }
}

/** The address of /docs/, set by docsScript. */
declare const here: URL

/**
 * One row for each answer that is not a result. Those that are problems link to what their codes mean; Swagger UI has a
 * table of headers and an example for each, which is screens tall.
 */
function shortenResponses({ React }: { React: React }) {
  type Examples = Record<string, { value: { code: string; type: string } }>
  type Immutable = { getIn(path: string[]): unknown; toJS(): Examples }
  type Props = { code: string; response: Immutable }
  const examplesOf = ({ response }: Props) =>
    (response.getIn(['content', 'application/problem+json', 'examples']) as Immutable | undefined)?.toJS() ?? {}
  const row = (props: Props) => {
    const types = new Map(Object.values(examplesOf(props)).map(({ value }) => [value.code, value.type]))
    const links = [...types].map(([code, type]) =>
      React.createElement('a', { key: code, href: new URL(`..${type}`, here).href }, code),
    )
    return React.createElement(
      'tr',
      { className: 'response short', 'data-code': props.code },
      React.createElement('td', { className: 'response-col_status' }, props.code),
      React.createElement(
        'td',
        { className: 'response-col_description' },
        ...links,
        ' ',
        props.response.getIn(['description']),
      ),
    )
  }
  const response = (Response: unknown) => (props: Props) =>
    Number(props.code) >= 300 ? row(props) : React.createElement(Response, props)
  return { wrapComponents: { response } }
}

/**
 * The document says `/` of its server, since few clients follow relative ones; behind a proxy that adds a prefix, the
 * page knows better.
 */
export const docsScript = `'use strict'
const here = new URL('.', document.currentScript.src)
document.documentElement.classList.toggle('dark-mode', matchMedia('(prefers-color-scheme: dark)').matches)

fetch(new URL('../openapi.json', here)).then((answer) => answer.json()).then((spec) => {
  const server = new URL('..', here).href.replace(/\\/$/, '')
  spec.servers[0].url = server
  for (const url of ['tokenUrl', 'refreshUrl']) {
    const { password } = spec.components.securitySchemes.password.flows
    password[url] = server + password[url]
  }
  SwaggerUIBundle({
    spec,
    dom_id: '#swagger-ui',
    deepLinking: true,
    layout: 'BaseLayout',
    presets: [SwaggerUIBundle.presets.apis],
    persistAuthorization: true,
    tryItOutEnabled: true,
    displayRequestDuration: true,
    defaultModelsExpandDepth: 0,
    validatorUrl: null,
    plugins: [
      ${[keepOnlyTheToken, focusOnEmail, askForEmail, shortenResponses].join(',\n      ')}
    ],
  })
})
`
