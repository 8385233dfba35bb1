import { isRecord, type JsonObject, keysIn, keysOf, parseJson } from './json.ts';

/** The body of a call. */
export interface Body {
  readonly fields: JsonObject;
  readonly isForm: boolean;
  /** What goes out as long as nothing is changed: the caller's own bytes. Undefined: there are none. */
  readonly given: string | Uint8Array<ArrayBuffer> | FormData | undefined;
  /** It says no key twice: upstream could read the other one. */
  readonly isUnambiguous: boolean;
}

/** Reads a body of JSON or a form. Rejects, or gives undefined, where it is neither. */
export async function readBody(
  method: string,
  headers: Headers,
  body: BodyInit | Request | undefined,
): Promise<Body | undefined> {
  if (method.toUpperCase() === 'GET') return { fields: {}, isForm: false, given: undefined, isUnambiguous: true };
  if (typeof body === 'string' && !headers.has('content-encoding')) return jsonBody(body, body);
  if (body instanceof FormData) return formBody(body, body);
  const carrier = body instanceof Request ? body : new Response(body);
  const given = new Uint8Array(await carrier.arrayBuffer());
  const type = headers.get('content-type') ?? carrier.headers.get('content-type') ?? '';
  const bytes = await unpack(given, headers.get('content-encoding') ?? '');
  if (/^multipart\//i.test(type)) {
    const form = await new Response(bytes, { headers: { 'content-type': type } }).formData();
    return formBody(form, given);
  }
  return jsonBody(await new Response(bytes).text(), given);
}

function jsonBody(text: string, given: Body['given']): Body | undefined {
  const fields = parseJson(text);
  return isRecord(fields)
    ? { fields, isForm: false, given, isUnambiguous: keysIn(text) === keysOf(fields) }
    : undefined;
}

/** A form's texts; of what is a file no more than that it is there. */
function formBody(form: FormData, given: Body['given']): Body {
  const fields: Record<string, unknown> = {};
  for (const name of new Set(form.keys())) {
    const values = form.getAll(name).map((value) => (typeof value === 'string' ? value : {}));
    fields[name.replace(/\[\]$/, '')] = values.length === 1 ? values[0] : values;
  }
  return { fields, isForm: true, given, isUnambiguous: true };
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
