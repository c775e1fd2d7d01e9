import type { AskStore } from './ask.ts';
import type { KbStore } from './kb.ts';
import type { ModelsStore } from './models.ts';
import type { SettingsStore } from './settings.ts';

export interface DefaultsDependencies {
  readonly ask: AskStore;
  readonly kb: KbStore;
  readonly models: ModelsStore;
  readonly settings: SettingsStore;
}

/** LLMs that can answer now: chat models on disk, then endpoints of the user's. */
export function availableLlms(models: ModelsStore): readonly string[] {
  const { list, endpoints } = models.getState();
  const local = (list ?? []).filter(({ entry, state }) => entry.kind === 'chat' && state === 'present');
  const remote = endpoints.filter(({ kind }) => kind === 'chat');
  return [...local.map(({ entry }) => entry.id), ...remote.map(({ name }) => name)];
}

/**
 * Keeps Ask pointed at a knowledge base and an LLM that exist: the user's defaults first, else the first there is.
 * What the user chose in this session stays as long as it exists.
 */
export function keepAskDefaults({ ask, kb, models, settings }: DefaultsDependencies): () => void {
  const choose = (): void => {
    const { settings: current, configure } = ask.getState();
    const { defaults } = settings.getState().settings;
    const { list } = kb.getState();
    if (list) {
      const names = list.map(({ name }) => name);
      const filled = list.find(({ documents }) => documents > 0)?.name;
      const next = pick(names, current.kb, defaults.kb, filled);
      if (next !== current.kb) configure({ kb: next });
    }
    if (models.getState().list) {
      const next = pick(availableLlms(models), current.llm, defaults.llm);
      if (next !== current.llm) configure({ llm: next });
    }
  };
  choose();
  const stops = [kb.subscribe(choose), models.subscribe(choose)];
  return () => {
    for (const stop of stops) stop();
  };
}

function pick(there: readonly string[], ...wanted: readonly (string | null | undefined)[]): string | null {
  return wanted.find((name): name is string => typeof name === 'string' && there.includes(name)) ?? there[0] ?? null;
}
