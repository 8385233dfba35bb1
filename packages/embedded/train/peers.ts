import { Filter as BadWords } from 'bad-words';
import { Filter as GlinProfanity } from 'glin-profanity';
import leoProfanity from 'leo-profanity';
import { englishDataset, englishRecommendedTransformers, RegExpMatcher } from 'obscenity';

/** Says yes or no to a text. */
export interface Judge {
  readonly name: string;
  readonly flags: (text: string) => boolean;
}

/** The word lists of npm, as their own READMEs set them up for English. */
export function createPeers(): readonly Judge[] {
  const obscenity = new RegExpMatcher({ ...englishDataset.build(), ...englishRecommendedTransformers });
  const glin = new GlinProfanity({ languages: ['english'], detectLeetspeak: true, normalizeUnicode: true });
  const badWords = new BadWords();
  return [
    { name: 'obscenity', flags: (text) => obscenity.hasMatch(text) },
    { name: 'glin-profanity', flags: (text) => glin.isProfane(text) },
    { name: 'bad-words', flags: (text) => badWords.isProfane(text) },
    { name: 'leo-profanity', flags: (text) => leoProfanity.check(text) },
  ];
}
