/** What the server answers. */
export type Endpoint = 'chat' | 'responses' | 'completions' | 'images' | 'moderation' | 'models';

/**
 * The endpoint that a request is for, by the end of its path; undefined: none. What comes before may be anything, as it
 * is behind a gateway and on Azure (`/openai/deployments/…/chat/completions?api-version=…`).
 */
export function endpointOf(method: string, path: string): Endpoint | undefined {
  const pathname = path.split('?', 1)[0] ?? '';
  return ROUTES.find((route) => route.method === method && pathname.endsWith(route.end))?.endpoint;
}

/** The first that fits counts. */
const ROUTES: readonly { readonly method: string; readonly end: string; readonly endpoint: Endpoint }[] = [
  { method: 'POST', end: '/chat/completions', endpoint: 'chat' },
  { method: 'POST', end: '/responses', endpoint: 'responses' },
  { method: 'POST', end: '/completions', endpoint: 'completions' },
  { method: 'POST', end: '/images/generations', endpoint: 'images' },
  { method: 'POST', end: '/moderations', endpoint: 'moderation' },
  { method: 'GET', end: '/models', endpoint: 'models' },
];
