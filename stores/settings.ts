import { createStore, type StoreApi } from 'zustand/vanilla';
import type { LoadedSettings, Settings, SettingValue } from '../src/platform/config.ts';

export interface SettingsPort {
  load(): LoadedSettings;
  /** Throws RagtuiError `invalid`, `permission`, `disk-full`. */
  save(section: 'interface' | 'defaults', key: string, value: SettingValue): void;
}

export interface SettingsState {
  readonly file: string;
  readonly settings: Settings;
  /** Bad lines of the file: each one is a sentence. */
  readonly warnings: readonly string[];
  /** Writes one setting into the file and takes it over. */
  change(section: 'interface' | 'defaults', key: string, value: SettingValue): void;
}
export type SettingsStore = StoreApi<SettingsState>;

/** The user's settings: read once at the start, written one value at a time. */
export function createSettingsStore(file: string, port: SettingsPort): SettingsStore {
  return createStore<SettingsState>()((set) => ({
    file,
    ...port.load(),
    change: (section, key, value) => {
      port.save(section, key, value);
      set(port.load());
    },
  }));
}
