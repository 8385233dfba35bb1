import type { Judge } from '../judge.ts';
import { policyJudge } from './policy.ts';

/** Messages that advertise to people who did not ask for it. */
export const spam: Judge<'spam'> = policyJudge({
  category: 'spam',
  policy:
    'Forbidden is unsolicited promotion: advertising, links or contact details posted to draw people elsewhere, chain ' +
    'letters, the same offer repeated, text made for search engines. Naming a product, asking about one, or giving a ' +
    'link that answers a question is allowed.',
});

/** Attempts to get money, credentials or identities by deceit. */
export const fraud: Judge<'fraud'> = policyJudge({
  category: 'fraud',
  policy:
    'Forbidden is deceiving people to get their money, credentials or identity, and helping to do so: phishing, posing as ' +
    'a bank, an authority or somebody known, fake prizes, fees in advance, investments that cannot lose. Warning of ' +
    'such schemes, reporting one, or asking whether something is one is allowed.',
});

/** @param description - What the assistant is for, such as `cooking, recipes and kitchen tools`. */
export function offTopic(description: string): Judge<'off-topic'> {
  return policyJudge({
    category: 'off-topic',
    policy:
      `The subject is: ${description}\n` +
      'Forbidden is content that has nothing to do with the subject. Greetings, thanks, small talk around the subject, ' +
      'questions about the conversation itself and follow-ups to what was said before are allowed.',
    reads: 'conversation',
  });
}
