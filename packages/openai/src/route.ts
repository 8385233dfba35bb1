/** Whether a call is guarded, refused because nobody guards it yet, or none of our business. */
export type Route = 'chat' | 'unsupported' | 'other';

/** By the end of the path, so that gateways and Azure's deployments are found too. */
export function routeOf(url: string, method: string): Route {
  const path = pathOf(url);
  if (path.endsWith('/chat/completions')) return method.toUpperCase() === 'POST' ? 'chat' : 'other';
  return path.endsWith('/responses') || path.includes('/responses/') ? 'unsupported' : 'other';
}

/** As a lenient server reads it: no case, no doubled slash, none at the end. */
function pathOf(url: string): string {
  const path = URL.parse(url, 'http://localhost')?.pathname ?? '';
  return path
    .toLowerCase()
    .replaceAll(/\/{2,}/g, '/')
    .replace(/\/$/, '');
}
