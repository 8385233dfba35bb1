import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type OpenAI from 'openai';
import { UsageError } from '../arguments.ts';

export type Message = OpenAI.ChatCompletionMessageParam;

/** A line that can be run. Numbers count from 1, blank lines included, as editors do. */
export interface Conversation {
  readonly number: number;
  readonly messages: readonly Message[];
}

/** A line that cannot. The reason holds nothing of its content. */
export interface BadLine {
  readonly number: number;
  readonly reason: string;
}

export interface File {
  readonly conversations: readonly Conversation[];
  readonly bad: readonly BadLine[];
}

/** @throws UsageError where there is no such file, or it cannot be read */
export async function readConversations(path: string): Promise<File> {
  const conversations: Conversation[] = [];
  const bad: BadLine[] = [];
  const lines = (await readText(path)).replace(/^\uFEFF/, '').split('\n');
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '') continue;
    const number = index + 1;
    const messages = readMessages(line);
    if (typeof messages === 'string') bad.push({ number, reason: messages });
    else conversations.push({ number, messages });
  }
  return { conversations, bad };
}

async function readText(path: string): Promise<string> {
  try {
    // A package manager runs scripts in the package's folder, and says here where the user stands.
    return await readFile(resolve(process.env['INIT_CWD'] || process.cwd(), path), 'utf8');
  } catch (error) {
    throw new UsageError(`Cannot read ${path}: ${WHY[codeOf(error)] ?? codeOf(error)}.`);
  }
}

const WHY: { readonly [code: string]: string } = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a folder',
  EACCES: 'you may not read it',
  ENOTDIR: 'a part of its path is no folder',
};

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'it failed';
}

/** The messages of a line, or in a text why it has none. */
function readMessages(line: string): readonly Message[] | string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return 'is not JSON'; // the platform's own message quotes the line
  }
  if (typeof value === 'string') return value.trim() === '' ? 'is an empty text' : [{ role: 'user', content: value }];
  if (!Array.isArray(value)) return 'is neither an array of messages nor a string';
  if (value.length === 0) return 'is an array without messages';
  const problem = value.map(problemOf).find((each) => each !== undefined);
  return problem ?? (value as Message[]); // checked as far as a guard reads it; the rest is the service's to check
}

const ROLES = ['system', 'developer', 'user', 'assistant', 'tool', 'function'];

function problemOf(message: unknown, index: number): string | undefined {
  const which = `message ${index + 1}`;
  if (typeof message !== 'object' || message === null || Array.isArray(message)) return `${which} is not an object`;
  const { role, content } = message as { role?: unknown; content?: unknown }; // any object may be asked for these
  if (typeof role !== 'string' || !ROLES.includes(role)) return `${which} has no role that there is`;
  if (typeof content === 'string' || (Array.isArray(content) && content.every(isPart))) return undefined;
  if (role === 'assistant' && (content === null || content === undefined)) return undefined;
  return `${which} has a content that is neither a text nor a list of parts`;
}

function isPart(part: unknown): boolean {
  return typeof part === 'object' && part !== null && 'type' in part && typeof part.type === 'string';
}
