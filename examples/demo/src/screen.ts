import { styleText } from 'node:util';

export type Style = Parameters<typeof styleText>[0];

export const WIDTH = 98;

/** Where the values of a scene's rows begin. */
const INDENT = 13;

/** A page of fixed width, written from top to bottom. */
export interface Screen {
  readonly isTerminal: boolean;
  line(text?: string): void;
  /** A rule across the page with a title in it. */
  title(text: string): void;
  /** Text that is broken to the width of the page, and indented by so many characters. */
  paragraph(text: string, indent?: number): void;
  /** A label and what stands beside it; without a label it belongs to the row above. */
  row(label: string, text: string, style?: Style): void;
  /** The same for text that comes piece by piece. */
  live(label: string): LiveText;
  style(style: Style, text: string): string;
}

export interface LiveText {
  /** Begins a line of its own with a note, such as a time. */
  start(note: string): void;
  write(piece: string): void;
  end(): void;
}

interface Output {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

export function createScreen(output: Output): Screen {
  const isTerminal = output.isTTY === true;
  const isColoured = isTerminal && !process.env['NO_COLOR'];
  const style: Screen['style'] = (format, text) =>
    isColoured ? styleText(format, text, { validateStream: false }) : text;
  const line = (text = ''): void => void output.write(`${text}\n`);
  const label = (text: string): string => style('dim', `  ${text}`.padEnd(INDENT));
  return {
    isTerminal,
    style,
    line,
    title: (text) => line(style('bold', `── ${text} `.padEnd(WIDTH, '─'))),
    paragraph: (text, indent = 0) => wrap(text, WIDTH - indent).forEach((part) => line(' '.repeat(indent) + part)),
    row: (name, text, format) =>
      wrap(text, WIDTH - INDENT).forEach((part, index) =>
        line(`${label(index === 0 ? name : '')}${format === undefined ? part : style(format, part)}`),
      ),
    live(name) {
      let column = 0;
      const begin = (text: string): void => {
        output.write(`${column === 0 ? '' : '\n'}${label(column === 0 ? name : '')}${text}`);
        column = INDENT + text.length;
      };
      return {
        start: (note) => begin(note.padEnd(INDENT - 2)),
        write(piece) {
          for (const word of piece.match(/\s*\S+|\s+/g) ?? []) {
            const fits = column + word.length <= WIDTH;
            if (!fits) begin(' '.repeat(INDENT - 2));
            const text = fits ? word.replaceAll('\n', ' ') : word.trimStart();
            output.write(text);
            column += text.length;
          }
        },
        end: () => void (column > 0 && output.write('\n')),
      };
    },
  };
}

/** Lines of at most so many characters, broken between words, indented like the first; texts hold no colours yet. */
function wrap(text: string, width: number): readonly string[] {
  return text.split('\n').flatMap((paragraph) => {
    const indent = /^ */.exec(paragraph)?.[0] ?? '';
    const lines: string[] = [];
    let current = '';
    for (const word of paragraph.trim().split(' ')) {
      if (current !== '' && indent.length + current.length + 1 + word.length > width) {
        lines.push(indent + current);
        current = word;
      } else current = current === '' ? word : `${current} ${word}`;
    }
    return [...lines, indent + current];
  });
}
