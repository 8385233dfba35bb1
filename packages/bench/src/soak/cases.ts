/** One kind of request, and what is to come of it. */
export interface SoakCase {
  readonly body: (at: number) => string;
  readonly isRight: (status: number, body: string) => boolean;
  /** The client goes away in the middle of the answer. */
  readonly leaves?: true;
}

const refused = (status: number, body: string): boolean => status === 200 && /Sorry/.test(body) && !/zorp/.test(body);
const complained =
  (expected: number) =>
  (status: number): boolean =>
    status === expected;

export const CASES: readonly SoakCase[] = [
  { body: (at) => JSON.stringify({ message: `hello ${at}` }), isRight: (_, body) => body.includes('hello') },
  { body: (at) => JSON.stringify({ prompt: `hello ${at}` }), isRight: (_, body) => body.includes('hello') },
  { body: (at) => JSON.stringify({ message: `zorp ${at}` }), isRight: refused },
  { body: (at) => JSON.stringify({ message: `a secret ${at}` }), isRight: refused },
  { body: (at) => JSON.stringify({ prompt: `a secret ${at}` }), isRight: refused },
  { body: (at) => JSON.stringify({ prompt: `${'long '.repeat(400)} ${at}` }), isRight: () => true, leaves: true },
  { body: () => '', isRight: complained(400) },
  { body: () => '{"message"', isRight: complained(400) },
  { body: () => '{"query":"hi"}', isRight: complained(400) },
  {
    body: (at) => JSON.stringify({ message: 'x'.repeat(at % 1_000 === 9 ? 5_000_000 : 10) }),
    isRight: (status, body) => status === 413 || body.includes('xxx'),
  },
];
