/**
 * Whether no request may wait for what another one has begun: Cloudflare's Workers cancel one that does. Timers and
 * moderation requests cannot be shared there; what is remembered can.
 */
export function isolatesRequests(): boolean {
  return globalThis.navigator?.userAgent === 'Cloudflare-Workers';
}
