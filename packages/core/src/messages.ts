import { complain } from './complain.ts';
import { memberOf } from './look-up.ts';
import type { CallContext, Stage } from './moderation/moderator.ts';
import { isJudged } from './moderation/verdict.ts';
import { blocking, type Decision, type Finding } from './policy/decision.ts';

/** One text for every language, or one for each: `{ en: '…', fr: '…' }`. */
export type LocalizedText = string | { readonly [locale: string]: string };

/**
 * The texts of one stage, by category; a parent (`'self-harm'`) also speaks for what is under it (`'self-harm/intent'`).
 * `'*'` is every category not named, `warn` is said where the action is a warning, `unchecked` where nothing was found
 * but something could not be checked.
 */
export type StageMessages<C extends string = string> = {
  readonly [K in C | '*' | 'warn' | 'unchecked']?: LocalizedText;
};

/** Texts by stage, category and locale. What is not in it is said in the guard's own words. */
export interface MessageTable<C extends string = string> {
  readonly input?: StageMessages<C>;
  readonly output?: StageMessages<C>;
}

/** `message` of the guard's options. */
export type MessageOption<C extends string = string> =
  | string
  | MessageTable<C>
  | ((decision: Decision<C>, context: CallContext) => string);

/**
 * The guard's own words, in the languages that it ships: of what a stage blocked, of a warning, of what went unchecked,
 * and for whoever writes of hurting themselves.
 */
const OWN_WORDS: {
  readonly [K in Stage | 'warn' | 'unchecked' | 'selfHarm' | 'helpLines']: { readonly [locale: string]: string };
} = {
  input: {
    en: "Sorry, I can't respond to this: a safety check flagged it.",
    fr: "Désolé, je ne peux pas y répondre : un contrôle de sécurité l'a signalé.",
    zh: '抱歉，我无法回复：它未通过安全检查。',
  },
  output: {
    en: "Sorry, I can't show this answer: a safety check flagged it.",
    fr: "Désolé, je ne peux pas montrer cette réponse : un contrôle de sécurité l'a signalée.",
    zh: '抱歉，我无法显示回答：它未通过安全检查。',
  },
  warn: {
    en: 'Please note: this is a sensitive subject.',
    fr: 'Attention : ce sujet est sensible.',
    zh: '请注意：话题敏感。',
  },
  selfHarm: {
    en: "I'm sorry that you are going through this. You don't have to face it alone: please talk to somebody you trust.",
    fr: "Je suis désolé que vous traversiez cela. Vous n'êtes pas seul : parlez-en à quelqu'un en qui vous avez confiance.",
    zh: '很抱歉你正在经历这些。你不必独自面对，请和你信任的人谈谈。',
  },
  helpLines: {
    en: 'If you are in danger, call your local emergency number or a crisis line.',
    fr: "En cas de danger, appelez les urgences ou une ligne d'écoute.",
    zh: '如有危险，请拨打当地急救电话或心理援助热线。',
  },
  unchecked: {
    en: 'Sorry, the safety check did not work. Please try again later.',
    fr: "Désolé, le contrôle de sécurité n'a pas fonctionné. Veuillez réessayer plus tard.",
    zh: '抱歉，安全检查未完成，请稍后再试。',
  },
};

/** What a decision says to the user: empty for `allow` and `review`. */
export function messageFor(
  option: MessageOption | undefined,
  decision: Decision,
  context: CallContext,
  helpLines: LocalizedText = OWN_WORDS.helpLines,
): string {
  if (decision.action === 'allow' || decision.action === 'review') return '';
  const [finding] = blocking(decision);
  const suggested = suggestionIn(decision);
  const kind = decision.action === 'warn' ? 'warn' : finding ? decision.stage : 'unchecked';
  const { locale } = context;
  const words = finding && isSelfHarm(finding, decision) ? 'selfHarm' : kind;
  const help = typeof helpLines === 'string' ? helpLines : inLocale(helpLines, locale);
  const ownWords = [inLocale(OWN_WORDS[words], locale), ...(words === 'selfHarm' ? [help] : [])];
  const own = suggested ?? ownWords.filter(Boolean).join(' ');
  // A moderator that speaks about this very text knows better than words that were written beforehand.
  if (option === undefined || (suggested !== undefined && typeof option !== 'function')) return own;
  // One text for all refusals speaks of what was found: an outage must not tell users that they broke the rules.
  if (typeof option === 'string') return finding ? option : own;
  if (typeof option !== 'function') {
    const keys = finding ? namesOf(finding) : [kind];
    return lookUp(option[decision.stage], keys, locale) ?? own;
  }
  try {
    const message: unknown = option({ ...decision, message: own }, context);
    return typeof message === 'string' ? message : own;
  } catch (error) {
    // Somebody's template must not turn a refusal into a crash.
    complain('The message function', error);
    return own;
  }
}

/** Whoever writes of hurting themselves needs another answer than that a check flagged it. Services spell it in many ways. */
function isSelfHarm({ category }: Finding, { stage }: Decision): boolean {
  return stage === 'input' && /^self[-_ ]?harm/i.test(category);
}

/** What a moderator would have said to the user, of those whose findings block. */
function suggestionIn(decision: Decision): string | undefined {
  const blocked = new Set(blocking(decision).map(({ moderator, path }) => `${moderator} ${path}`));
  for (const verdict of decision.verdicts)
    if (isJudged(verdict) && verdict.message && blocked.has(`${verdict.moderator} ${verdict.path}`))
      return verdict.message;
  return undefined;
}

/** A finding's category and what it is part of, the most particular first. */
function namesOf({ category }: Finding): readonly string[] {
  const names: string[] = [];
  for (let name: string = category; name !== ''; name = name.slice(0, Math.max(0, name.lastIndexOf('/'))))
    names.push(name);
  return [...names, '*'];
}

function lookUp(
  messages: StageMessages | undefined,
  keys: readonly string[],
  locale: string | undefined,
): string | undefined {
  for (const key of keys) {
    const text = memberOf<LocalizedText | undefined>(messages, key);
    const localized = typeof text === 'string' ? text : text && inLocale(text, locale);
    if (localized !== undefined) return localized;
  }
  return undefined;
}

/** `zh-Hant-TW` is served by itself, `zh-Hant`, `zh`, English, and else by the first there is. */
function inLocale(texts: { readonly [locale: string]: string }, locale = 'en'): string | undefined {
  const names = Object.keys(texts);
  for (let tag = locale.replaceAll('_', '-').toLowerCase(); tag !== ''; tag = tag.replace(/-?[^-]*$/, '')) {
    const name = names.find((each) => each.toLowerCase() === tag);
    if (name !== undefined) return texts[name];
  }
  return texts['en'] ?? texts[names[0] ?? ''];
}
