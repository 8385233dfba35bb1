export { language, type LanguageOptions } from './language.ts';
