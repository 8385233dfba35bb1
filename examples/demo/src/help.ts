export const HELP = `Chaperone's demo: guarded chat completions through the real openai client.

  pnpm demo                      plays the scenes, one after the other
  pnpm demo --input FILE.jsonl   runs conversations through the guard and ends in tables

Options
  --input FILE   one conversation a line: an OpenAI "messages" array, or a JSON string for a single
                 message of the user; the path is relative to where you stand
  --strict       with --input: exit code 1 when a line could not be run
  --help         this text

Environment
  OPENAI_API_KEY    with it, the real service answers and moderates; without it, a local server answers
                    and the model of @chaperone/embedded moderates
  OPENAI_BASE_URL   with the key: a service of the same protocol instead of OpenAI's own
  OPENAI_MODEL      with the key: the model that answers
  NO_COLOR          no colours`;
