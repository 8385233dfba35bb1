import { parseSync, Visitor } from 'oxc-parser';
import type { SourceText } from './source.ts';

export interface Import {
  readonly specifier: string;
  /** It leaves nothing in the JavaScript. */
  readonly typeOnly: boolean;
  readonly line: number;
}

/** What the rules want to know of a file. */
export interface ParsedFile {
  readonly path: string;
  readonly imports: readonly Import[];
  /** Lines with `export *`. */
  readonly exportStars: readonly number[];
  readonly anys: readonly number[];
  /** `x as unknown as Y` */
  readonly doubleCasts: readonly number[];
  /** Casts without a comment on their lines or on the line above. `as const` is none. */
  readonly unexplainedCasts: readonly number[];
  readonly suppressions: readonly number[];
}

/** Reads one file. TypeScript 7 has no JavaScript API, so this is oxc's parser. */
export function parse({ path, text }: SourceText): ParsedFile {
  const { program, comments, errors } = parseSync(path, text);
  if (errors.length > 0) throw new Error(`${path} cannot be parsed: ${errors[0]?.message}`);
  const line = (offset: number): number => text.slice(0, offset).split('\n').length;

  const imports: Import[] = [];
  const exportStars: number[] = [];
  const anys: number[] = [];
  const doubleCasts: number[] = [];
  const casts: { readonly from: number; readonly to: number }[] = [];
  const add = (specifier: unknown, typeOnly: boolean, start: number): void => {
    // A computed specifier cannot be checked, so it is kept as something that no rule allows.
    imports.push({ specifier: typeof specifier === 'string' ? specifier : '(computed)', typeOnly, line: line(start) });
  };
  const literal = (node: unknown): unknown =>
    typeof node === 'object' && node !== null && 'value' in node ? node.value : undefined;

  new Visitor({
    ImportDeclaration(node) {
      const named = node.specifiers;
      const everyNameIsType =
        named.length > 0 && named.every((name) => name.type === 'ImportSpecifier' && name.importKind === 'type');
      add(node.source.value, node.importKind === 'type' || everyNameIsType, node.start);
    },
    ExportNamedDeclaration(node) {
      if (node.source) add(node.source.value, node.exportKind === 'type', node.start);
    },
    ExportAllDeclaration(node) {
      add(node.source.value, node.exportKind === 'type', node.start);
      exportStars.push(line(node.start));
    },
    ImportExpression(node) {
      add(literal(node.source), false, node.start);
    },
    TSImportType(node) {
      add(literal(node.source), true, node.start);
    },
    TSExternalModuleReference(node) {
      add(literal(node.expression), false, node.start);
    },
    CallExpression(node) {
      if (node.callee.type === 'Identifier' && node.callee.name === 'require')
        add(literal(node.arguments[0]), false, node.start);
    },
    TSAnyKeyword(node) {
      anys.push(line(node.start));
    },
    TSAsExpression(node) {
      const inner = node.expression;
      if (inner.type === 'TSAsExpression' && inner.typeAnnotation.type === 'TSUnknownKeyword')
        doubleCasts.push(line(node.start));
      if (text.slice(node.typeAnnotation.start, node.typeAnnotation.end) !== 'const')
        casts.push({ from: line(node.start), to: line(node.end) });
    },
    TSTypeAssertion(node) {
      casts.push({ from: line(node.start), to: line(node.end) });
    },
  }).visit(program);

  const commented = new Set(
    comments.flatMap(({ start, end }) => {
      const first = line(start);
      return Array.from({ length: line(end) - first + 1 }, (_, index) => first + index);
    }),
  );
  const explained = ({ from, to }: { from: number; to: number }): boolean => {
    for (let at = from - 1; at <= to; at++) if (commented.has(at)) return true;
    return false;
  };

  return {
    path,
    imports,
    exportStars,
    anys,
    doubleCasts,
    unexplainedCasts: casts.filter((cast) => !explained(cast)).map(({ from }) => from),
    suppressions: comments
      .filter(({ value }) => /@ts-(?:ignore|nocheck|expect-error)|(?:eslint|oxlint)-disable/.test(value))
      .map(({ start }) => line(start)),
  };
}
