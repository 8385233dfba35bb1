import { CODE_RULES } from './rules/code.ts';
import { CORE_RULES } from './rules/core.ts';
import { PACKAGE_RULES } from './rules/packages.ts';
import type { Rule } from './rules/rule.ts';

/** What the house promises about itself. */
export const RULES: readonly Rule[] = [...PACKAGE_RULES, ...CORE_RULES, ...CODE_RULES];
