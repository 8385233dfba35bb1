import { failed, unsupported, type Report } from '@chaperone/core';

/** An image as a service is told of it, or why it is not. */
export type ReadImage = { readonly url: string } | { readonly report: Report<never> };

/** The first bytes of the formats that services take. */
const FORMATS: readonly (readonly [type: string, at: number, bytes: string])[] = [
  ['image/png', 0, '\u0089PNG'],
  ['image/jpeg', 0, '\u00ff\u00d8\u00ff'],
  ['image/gif', 0, 'GIF8'],
  ['image/webp', 8, 'WEBP'],
];

/**
 * Reads an image into an address: bytes become a `data:` address, an `https:` one stays, and what only this process
 * could read, such as `blob:`, is refused. Nothing is fetched here.
 *
 * @param most - The largest file, in bytes, that the service takes.
 */
export function readImage(image: URL | Uint8Array, most: number): ReadImage {
  if (!(image instanceof URL)) {
    if (image.byteLength > most) return { report: unsupported('too-large') };
    const type = typeOf(image);
    if (type === undefined)
      return refuse('The bytes of an image are of no format that the service takes: use PNG, JPEG, GIF or WebP.');
    return { url: `data:${type};base64,${toBase64(image)}` };
  }
  const { protocol, href } = image;
  if (protocol === 'http:' || protocol === 'https:') return { url: href };
  if (protocol !== 'data:')
    return refuse(
      `An image has an address that the service cannot open (${protocol}): pass its bytes, or an https: address.`,
    );
  if (!/^data:image\//i.test(href)) return refuse('An image has a data: address that is no image.');
  return (href.length - href.indexOf(',') - 1) * (3 / 4) > most ? { report: unsupported('too-large') } : { url: href };
}

function refuse(detail: string): ReadImage {
  return { report: failed('refused', { detail }) };
}

function typeOf(bytes: Uint8Array): string | undefined {
  return FORMATS.find(([, at, start]) => String.fromCharCode(...bytes.subarray(at, at + start.length)) === start)?.[0];
}

/** So many bytes at a time: a call does not take arguments without end. */
const PORTION = 0x8000;

function toBase64(bytes: Uint8Array): string {
  let binary = '';
  for (let at = 0; at < bytes.length; at += PORTION) binary += String.fromCharCode(...bytes.subarray(at, at + PORTION));
  return btoa(binary);
}
