import { createStore, type StoreApi } from 'zustand/vanilla';
import type { EndpointHealth, ServerModel, Trial } from '../src/models/endpoint-check.ts';
import type { KeyState } from '../src/models/endpoint-open.ts';
import { findPreset } from '../src/models/presets.ts';
import type { Endpoint } from '../src/models/types.ts';
import { type RagtuiError, toRagtuiError } from '../src/platform/errors.ts';
import type { KeyStore } from '../src/platform/secrets.ts';
import type { ModelsStore } from './models.ts';

/** What the screens need of servers; `key` is one that was just typed, undefined = the one the endpoint names. */
export interface ServersPort {
  keyState(endpoint: Endpoint): Promise<KeyState>;
  /** Whether an environment variable is set. */
  hasVariable(name: string): boolean;
  models(endpoint: Endpoint, key: string | undefined, signal: AbortSignal): Promise<readonly ServerModel[]>;
  /** Never rejects but for a cancel. */
  check(endpoint: Endpoint, signal: AbortSignal): Promise<EndpointHealth>;
  /** One real request. */
  try(
    endpoint: Endpoint,
    key: string | undefined,
    options: { readonly signal: AbortSignal; readonly onStatus: (text: string) => void },
  ): Promise<Trial>;
  /** Keeps the key where the endpoint says, then adds the endpoint, or changes the one of that name. */
  save(endpoint: Endpoint, key: string | undefined, isNew: boolean): Promise<void>;
  /** With its stored key, if no other endpoint uses it. */
  remove(name: string): Promise<void>;
}

/** What is filled in, on the way to a server that answers. */
export interface EndpointForm {
  readonly isNew: boolean;
  /** Name and model may still be ''. */
  readonly endpoint: Endpoint;
  /** Typed in this form; it is only ever kept by `save`, in the file or the keyring. */
  readonly key: string | undefined;
  readonly working: 'list' | 'test' | 'save' | null;
  /** What is waited for, in words. */
  readonly status: string;
  /** What the server has; null until it was asked. */
  readonly models: readonly ServerModel[] | null;
  readonly error: RagtuiError | null;
  /** Of the endpoint as it stands; null until it was tried. */
  readonly trial: Trial | null;
}

export interface EndpointsState {
  readonly form: EndpointForm | null;
  readonly keys: Readonly<Record<string, KeyState>>;
  /** By name, since this start. */
  readonly health: Readonly<Record<string, EndpointHealth | 'checking'>>;
  /** Whether an environment variable is set. */
  hasVariable(name: string): boolean;
  /** Whether keys are there; no server is asked. */
  refresh(): Promise<void>;
  begin(preset: string | null): void;
  edit(endpoint: Endpoint): void;
  /** What is undefined is taken off. A change takes back what was found out about the endpoint before. */
  change(change: { readonly [K in keyof Endpoint]?: Endpoint[K] | undefined }): void;
  keepKey(store: KeyStore, key: string): void;
  /** The models of the server; null when it failed (see `form.error`). */
  listModels(): Promise<readonly ServerModel[] | null>;
  test(): Promise<void>;
  /** True when it is saved; else see `form.error`. */
  save(): Promise<boolean>;
  /** Ends what is asked, and leaves the form. */
  close(): void;
  check(names: readonly string[]): Promise<void>;
  remove(name: string): Promise<void>;
}
export type EndpointsStore = StoreApi<EndpointsState>;

export interface EndpointsDependencies {
  readonly servers: ServersPort;
  readonly models: ModelsStore;
}

/** The user's servers: how they are, and the form that adds one. */
export function createEndpointsStore({ servers, models }: EndpointsDependencies): EndpointsStore {
  let asking = new AbortController();
  return createStore<EndpointsState>()((set, get) => {
    const put = (change: Partial<EndpointForm>): void => {
      const { form } = get();
      if (form) set({ form: { ...form, ...change } });
    };
    /** One thing at a time; what comes after the form was left or changed is dropped. */
    const work = async <T>(
      working: NonNullable<EndpointForm['working']>,
      run: (form: EndpointForm, signal: AbortSignal) => Promise<T>,
    ): Promise<T | null> => {
      const { form } = get();
      if (!form) return null;
      asking.abort();
      asking = new AbortController();
      const { signal } = asking;
      put({ working, error: null, status: '' });
      try {
        const result = await run(form, signal);
        return signal.aborted ? null : result;
      } catch (thrown) {
        if (!signal.aborted) put({ error: toRagtuiError(thrown) });
        return null;
      } finally {
        if (!signal.aborted) put({ working: null, status: '' });
      }
    };
    const freeName = (wanted: string): string => {
      const { endpoints, list } = models.getState();
      const taken = new Set([...endpoints.map(({ name }) => name), ...(list ?? []).map(({ entry }) => entry.id)]);
      let free = wanted;
      for (let number = 2; taken.has(free); number += 1) free = `${wanted}-${number}`;
      return free;
    };
    /** `Qwen/Qwen2.5-7B-Instruct` → `qwen2.5-7b-instruct`. */
    const proposedName = (model: string): string => {
      const last = model.split('/').at(-1) ?? '';
      const slug = last
        .toLowerCase()
        .replace(/[^a-z0-9._-]+/g, '-')
        .replace(/^[^a-z0-9]+/, '');
      return slug === '' ? '' : freeName(slug);
    };
    const open = (endpoint: Endpoint, isNew: boolean): void => {
      const nothing = { key: undefined, working: null, status: '', models: null, error: null, trial: null } as const;
      set({ form: { isNew, endpoint, ...nothing } });
    };

    return {
      form: null,
      keys: {},
      health: {},
      hasVariable: (name) => servers.hasVariable(name),
      refresh: async () => {
        const { endpoints } = models.getState();
        const states = await Promise.all(
          endpoints.map(async (endpoint) => [endpoint.name, await servers.keyState(endpoint)] as const),
        );
        set({ keys: Object.fromEntries(states) });
      },
      begin: (id) => {
        const preset = findPreset(id ?? undefined);
        open(
          {
            name: preset ? freeName(preset.id) : '',
            kind: 'chat',
            url: preset?.url ?? '',
            model: '',
            ...(preset ? { preset: preset.id } : {}),
            ...(preset?.keyEnv ? { keyEnv: preset.keyEnv } : {}),
          },
          true,
        );
      },
      edit: (endpoint) => open(endpoint, false),
      change: (change) => {
        const { form } = get();
        if (!form) return;
        asking.abort();
        const named =
          form.isNew && form.endpoint.name === '' && change.model ? { name: proposedName(change.model) } : {};
        const endpoint = without({ ...form.endpoint, ...named, ...change });
        // Another server: neither its models nor the typed key belong to it.
        const moved = originOf(endpoint.url) !== originOf(form.endpoint.url);
        put({
          endpoint,
          trial: null,
          error: null,
          working: null,
          status: '',
          ...(moved ? { models: null, key: undefined } : {}),
        });
      },
      keepKey: (keyStore, key) => {
        get().change({ keyEnv: undefined, keyStore });
        put({ key: key.trim() });
      },
      listModels: async () => {
        const found = await work('list', ({ endpoint, key }, signal) => servers.models(endpoint, key, signal));
        if (found) put({ models: found });
        return found;
      },
      test: async () => {
        const trial = await work('test', ({ endpoint, key }, signal) =>
          servers.try(endpoint, key, { signal, onStatus: (status) => put({ status }) }),
        );
        if (trial) put({ trial });
      },
      save: async () => {
        const saved = await work('save', async ({ endpoint, key, isNew }) => {
          await servers.save(endpoint, key, isNew);
          return endpoint.name;
        });
        if (saved === null) return false;
        const { [saved]: _before, ...health } = get().health;
        set({ form: null, health });
        await models.getState().refresh();
        await get().refresh();
        return true;
      },
      close: () => {
        asking.abort();
        set({ form: null });
      },
      check: async (names) => {
        const wanted = models.getState().endpoints.filter(({ name }) => names.includes(name));
        const note = (name: string, health: EndpointHealth | 'checking') =>
          set({ health: { ...get().health, [name]: health } });
        for (const { name } of wanted) note(name, 'checking');
        await Promise.all(
          wanted.map(async (endpoint) => {
            try {
              note(endpoint.name, await servers.check(endpoint, new AbortController().signal));
            } catch (thrown) {
              const error = toRagtuiError(thrown);
              note(endpoint.name, { state: 'failed', latencyMs: null, models: [], error });
            }
          }),
        );
      },
      remove: async (name) => {
        await servers.remove(name);
        await models.getState().refresh();
        await get().refresh();
      },
    };
  });
}

/** What is missing before a form can be tried or saved; null = nothing. */
export function missingOf({ endpoint }: EndpointForm): 'url' | 'model' | 'name' | null {
  if (originOf(endpoint.url) === null) return 'url';
  if (endpoint.model === '') return 'model';
  if (endpoint.name === '') return 'name';
  return null;
}

export function originOf(url: string): string | null {
  return URL.canParse(url) && /^https?:/.test(url) ? new URL(url).origin : null;
}

/** An endpoint whose undefined fields are left out. */
function without(endpoint: { readonly [K in keyof Endpoint]: Endpoint[K] | undefined }): Endpoint {
  const { name = '', kind = 'chat', url = '', model = '', ...optional } = endpoint;
  const { keyEnv, keyStore, queryInstruction, preset, contextTokens, prices, limits, timeouts, dialect } = optional;
  return {
    name,
    kind,
    url,
    model,
    ...(keyEnv === undefined ? {} : { keyEnv }),
    ...(keyStore === undefined ? {} : { keyStore }),
    ...(queryInstruction === undefined ? {} : { queryInstruction }),
    ...(preset === undefined ? {} : { preset }),
    ...(contextTokens === undefined ? {} : { contextTokens }),
    ...(prices === undefined ? {} : { prices }),
    ...(limits === undefined ? {} : { limits }),
    ...(timeouts === undefined ? {} : { timeouts }),
    ...(dialect === undefined ? {} : { dialect }),
  };
}
