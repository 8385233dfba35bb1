/** The languages that franc-min 6 tells apart, by the first part of their BCP 47 tag. */
export const LANGUAGES: readonly string[] = (
  'am ar az be bg bho bn bs ceb ckb cs de el en es fa fil fr fuv gu ha hi hms hnj hr hu id ig ilo it ja jv kk kn ko koi ln mad ' +
  'mag mai mg ml mr ms my ne nl ny pa pl ps pt qug rn ro ru rw si skr so sr su sv sw ta te th tr uk ur uz vi yo za zh zu'
).split(' ');

/** What a tag, or a code of three letters, is called here: `eng`, `en-GB` and `EN` are `en`. Empty: it is no tag. */
export function canonical(tag: string): string {
  try {
    const { language } = new Intl.Locale(tag);
    return language === 'zlm' ? 'ms' : language;
  } catch {
    return '';
  }
}
