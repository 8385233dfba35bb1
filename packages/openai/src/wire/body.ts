import { isRecord, type JsonObject, keysIn, keysOf, parseJson } from './json.ts';

/** The body of a call. */
export interface Body {
  readonly fields: JsonObject;
  readonly isForm: boolean;
  /** What goes out as long as nothing is changed: the caller's own bytes. Undefined: there are none. */
  readonly given: string | Uint8Array<ArrayBuffer> | FormData | undefined;
  /** It says no key twice: upstream could read the other one. */
  readonly isUnambiguous: boolean;
  /** It is neither JSON nor a form, and nobody knows what it says. */
  readonly isReadable: boolean;
}

/** Reads a body of JSON or a form. Rejects where there is no body to be had. */
export async function readBody(method: string, headers: Headers, body: BodyInit | Request | undefined): Promise<Body> {
  if (method.toUpperCase() === 'GET')
    return { fields: {}, isForm: false, given: undefined, isUnambiguous: true, isReadable: true };
  if (typeof body === 'string' && !headers.has('content-encoding')) return jsonBody(body, body);
  if (body instanceof FormData) return formBody(body, body);
  const carrier = body instanceof Request ? body : new Response(body);
  const given = new Uint8Array(await carrier.arrayBuffer());
  const type = headers.get('content-type') ?? carrier.headers.get('content-type') ?? '';
  const bytes = await unpack(given, headers.get('content-encoding') ?? '').catch(() => undefined);
  if (bytes === undefined) return unreadable(given);
  if (/^multipart\//i.test(type)) {
    const form = await new Response(bytes, { headers: { 'content-type': type } }).formData();
    return formBody(form, given);
  }
  return jsonBody(await new Response(bytes).text(), given);
}

function jsonBody(text: string, given: Body['given']): Body {
  const fields = parseJson(text);
  if (!isRecord(fields)) return unreadable(given);
  return { fields, isForm: false, given, isUnambiguous: keysIn(text) === keysOf(fields), isReadable: true };
}

function unreadable(given: Body['given']): Body {
  return { fields: {}, isForm: false, given, isUnambiguous: true, isReadable: false };
}

/** A form's texts; of what is a file no more than that it is there. */
function formBody(form: FormData, given: Body['given']): Body {
  const fields: Record<string, unknown[]> = {};
  // Servers differ in which of several spellings they take: all are read.
  for (const [name, value] of form)
    (fields[name.toLowerCase().replace(/\[\d*\]$/, '')] ??= []).push(typeof value === 'string' ? value : {});
  return { fields, isForm: true, given, isUnambiguous: true, isReadable: true };
}

const FORMATS: ReadonlyMap<string, string> = new Map([
  ['gzip', 'gzip'],
  ['x-gzip', 'gzip'],
  ['deflate', 'deflate'],
  ['br', 'brotli'],
  ['zstd', 'zstd'],
]);

/** Undoes the encodings that a header names, the last first. Rejects where this runtime does not know one. */
async function unpack(bytes: Uint8Array<ArrayBuffer>, encoding: string): Promise<Uint8Array<ArrayBuffer>> {
  let unpacked = bytes;
  for (const name of encoding.toLowerCase().split(',').toReversed()) {
    const format = name.trim();
    if (format === '' || format === 'identity') continue;
    const stream = new Blob([unpacked]).stream().pipeThrough(decompression(FORMATS.get(format)));
    unpacked = new Uint8Array(await new Response(stream).arrayBuffer());
  }
  return unpacked;
}

function decompression(format: string | undefined): DecompressionStream {
  if (!isCompressionFormat(format)) throw new TypeError('No runtime knows this encoding.');
  return new DecompressionStream(format);
}

// Which formats a runtime knows, it says itself: by throwing.
function isCompressionFormat(format: string | undefined): format is CompressionFormat {
  return format !== undefined;
}
