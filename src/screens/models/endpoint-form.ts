import { missingOf, originOf } from '../../../stores/endpoints.ts';
import { findPreset, PRESETS, presetOfUrl } from '../../models/presets.ts';
import type { Endpoint, Limits } from '../../models/types.ts';
import type { KeyStore } from '../../platform/secrets.ts';
import { formatCount } from '../../ui/format.ts';
import { t } from '../../ui/i18n/index.ts';
import type { ScreenContext } from '../context.ts';
import { type FormField, typedNumber } from '../form.ts';

export const ENDPOINT_MODAL = 'models.endpoint';
const NO_PRESET = '-';

/** Asks which server it is, then opens the form with what is known of it. */
export function addServer(context: ScreenContext): void {
  const { ui, endpoints } = context;
  ui.getState().choose({
    title: t('models.chooseServer'),
    choices: [
      { id: NO_PRESET, title: t('models.otherServer'), note: t('models.otherServer.note') },
      ...PRESETS.map(({ id, title, url }) => ({ id, title, note: url })),
    ],
    pick: (id) => {
      endpoints.getState().begin(id === NO_PRESET ? null : id);
      ui.getState().open({ kind: 'modal', id: ENDPOINT_MODAL });
    },
  });
}

export function editServer({ ui, endpoints }: ScreenContext, endpoint: Endpoint): void {
  endpoints.getState().edit(endpoint);
  ui.getState().open({ kind: 'modal', id: ENDPOINT_MODAL });
}

/** A key in the environment goes to whatever host the address names: before another one gets it, the person is asked. */
function withConsent({ ui, endpoints }: ScreenContext, url: string, change: () => void): void {
  const { endpoint } = endpoints.getState().form ?? {};
  const [before, after] = [originOf(endpoint?.url ?? ''), originOf(url)];
  if (!endpoint?.keyEnv || before === null || after === null || before === after) {
    change();
    return;
  }
  ui.getState().confirm({
    title: t('models.keyMoves'),
    text: t('models.keyMoves.text', { variable: endpoint.keyEnv, host: after, before }),
    run: change,
  });
}

/** The lines of the form, each with the way to change it. */
export function endpointFields(context: ScreenContext): FormField[] {
  const { form } = context.endpoints.getState();
  if (!form) return [];
  const { endpoint, isNew, models } = form;
  const missing = missingOf(form);
  const needed = (id: 'url' | 'model' | 'name', value: string): Pick<FormField, 'value' | 'tone'> =>
    value ? { value } : { value: t('models.fill'), ...(missing === id ? { tone: 'missing' as const } : {}) };
  const change = context.endpoints.getState().change;
  const known = models ? t('models.ofModels', { count: models.length }) : '';
  return [
    {
      id: 'url',
      title: t('models.field.url'),
      ...needed('url', endpoint.url),
      note: findPreset(endpoint.preset)?.title ?? '',
      change: () =>
        ask(context, 'url', endpoint.url, t('models.urlHelp'), (url) =>
          withConsent(context, url, () => change({ url, preset: presetOfUrl(url)?.id ?? endpoint.preset })),
        ),
    },
    { id: 'key', title: t('models.field.key'), ...keyText(context), change: () => chooseKey(context) },
    {
      id: 'model',
      title: t('models.field.model'),
      ...needed('model', endpoint.model),
      note: known,
      change: () => chooseModel(context),
    },
    {
      id: 'name',
      title: t('models.field.name'),
      ...needed('name', endpoint.name),
      note: isNew ? t('models.nameNote') : t('models.nameStays'),
      change: () => {
        if (isNew) ask(context, 'name', endpoint.name, t('models.nameHelp'), (name) => change({ name: name.trim() }));
        else context.ui.getState().toast(t('models.nameStays'), 'warn');
      },
    },
    { id: 'kind', title: t('models.field.kind'), value: kindText(endpoint.kind), change: () => chooseKind(context) },
    {
      id: 'prices',
      title: t('models.field.prices'),
      value: pricesText(endpoint) ?? t('models.noPrices'),
      change: () =>
        ask(context, 'prices', pricesTyped(endpoint), t('models.pricesHelp'), (text) => takePrices(context, text)),
    },
    limitField(context, 'concurrency'),
    limitField(context, 'requestsPerMinute'),
    limitField(context, 'tokensPerMinute'),
    {
      id: 'context',
      title: t('models.field.context'),
      value: endpoint.contextTokens
        ? t('models.context', { tokens: formatCount(endpoint.contextTokens) })
        : t('models.contextUnknown'),
      change: () =>
        askCount(context, t('models.field.context'), endpoint.contextTokens, (contextTokens) =>
          change({ contextTokens }),
        ),
    },
  ];
}

export const kindText = (kind: Endpoint['kind']): string =>
  t(kind === 'chat' ? 'models.kind.chat' : 'models.kind.embedder');

function ask(
  { ui }: ScreenContext,
  field: 'url' | 'name' | 'model' | 'prices',
  initial: string,
  text: string,
  submit: (text: string) => void,
): void {
  ui.getState().prompt({ title: t(`models.field.${field}`), text, initial, submit: (typed) => submit(typed.trim()) });
}

function askCount(
  { ui }: ScreenContext,
  title: string,
  initial: number | undefined,
  take: (value: number | undefined) => void,
): void {
  ui.getState().prompt({
    title,
    text: t('models.countHelp'),
    initial: initial === undefined ? '' : String(initial),
    submit: (text) => {
      if (text.trim() === '') return take(undefined);
      const value = typedNumber(text);
      if (value === undefined || value < 1 || !Number.isInteger(value)) {
        ui.getState().toast(t('models.noCount', { text }), 'warn');
      } else take(value);
    },
  });
}

function limitField(context: ScreenContext, limit: keyof Limits): FormField {
  const { form } = context.endpoints.getState();
  const limits = form?.endpoint.limits;
  const value = limits?.[limit];
  const title = t(`models.field.${limit}`);
  return {
    id: limit,
    title,
    value: value === undefined ? t('models.noLimit') : formatCount(value),
    change: () =>
      askCount(context, title, value, (next) => {
        const { [limit]: _before, ...others } = limits ?? {};
        const changed = next === undefined ? others : { ...others, [limit]: next };
        context.endpoints.getState().change({ limits: Object.keys(changed).length > 0 ? changed : undefined });
      }),
  };
}

/** `0.28 in, 0.42 out, 0.03 cached USD`; undefined without prices. */
export function pricesText({ prices }: Pick<Endpoint, 'prices'>): string | undefined {
  if (!prices) return undefined;
  const { input, output, cachedInput, currency } = prices;
  const cached = cachedInput === undefined ? '' : t('models.price.cached', { price: cachedInput });
  return t('models.price', { input, output, cached, currency });
}

const pricesTyped = ({ prices }: Endpoint): string =>
  prices
    ? [prices.input, prices.output, prices.cachedInput, prices.currency].filter((one) => one !== undefined).join(' ')
    : '';

/** `in out [cached] [CURRENCY]`; empty takes them off. */
function takePrices({ endpoints, ui }: ScreenContext, text: string): void {
  if (text === '') {
    endpoints.getState().change({ prices: undefined });
    return;
  }
  const found = /^([\d.]+)[\s,/]+([\d.]+)(?:[\s,/]+([\d.]+))?(?:\s+([A-Za-z]{3}))?$/.exec(text);
  const numbers = found?.slice(1, 4).map((one) => (one === undefined ? undefined : typedNumber(one)));
  const [input, output, cachedInput] = numbers ?? [];
  if (input === undefined || output === undefined) {
    ui.getState().toast(t('models.noPricesThere', { text }), 'warn');
    return;
  }
  const currency = (found?.[4] ?? 'USD').toUpperCase();
  endpoints.getState().change({
    prices: { input, output, currency, ...(cachedInput === undefined ? {} : { cachedInput }) },
  });
}

function chooseKind({ ui, endpoints }: ScreenContext): void {
  const kinds = ['chat', 'embedding'] as const;
  ui.getState().choose({
    title: t('models.field.kind'),
    choices: kinds.map((id) => ({ id, title: kindText(id) })),
    selected: endpoints.getState().form?.endpoint.kind ?? 'chat',
    pick: (id) => endpoints.getState().change({ kind: id === 'embedding' ? 'embedding' : 'chat' }),
  });
}

function keyText({ endpoints, models }: ScreenContext): Pick<FormField, 'value' | 'tone' | 'note'> {
  const { form, keys } = endpoints.getState();
  if (!form) return { value: '' };
  const { keyEnv, keyStore, name, url } = form.endpoint;
  if (keyEnv) {
    const set = endpoints.getState().hasVariable(keyEnv);
    return set
      ? { value: keyEnv, note: t('models.key.set') }
      : { value: keyEnv, note: t('models.key.variableMissing'), tone: 'missing' };
  }
  if (!keyStore) return { value: t('models.key.none') };
  const value = t(`models.key.${keyStore}`);
  if (form.key) return { value, note: t('models.key.typed'), tone: 'changed' };
  const before = models.getState().endpoints.find((endpoint) => endpoint.name === name);
  const there = keys[name] === 'set' && before && originOf(before.url) === originOf(url);
  return there
    ? { value, note: t('models.key.set') }
    : { value, note: t('models.key.missing', { host: originOf(url) ?? '' }), tone: 'missing' };
}

function chooseKey(context: ScreenContext): void {
  const { ui, endpoints } = context;
  const { form } = endpoints.getState();
  if (!form) return;
  const { endpoint } = form;
  const usual = new Set([findPreset(endpoint.preset)?.keyEnv, endpoint.keyEnv].filter((one) => one !== undefined));
  ui.getState().choose({
    title: t('models.chooseKey'),
    choices: [
      ...[...usual].map((name) => ({
        id: `env:${name}`,
        title: name,
        note: t(endpoints.getState().hasVariable(name) ? 'models.key.set' : 'models.key.variableMissing'),
      })),
      { id: 'env', title: t('models.key.otherVariable') },
      { id: 'file', title: t('models.key.file'), note: t('models.key.file.note') },
      { id: 'keyring', title: t('models.key.keyring'), note: t('models.key.keyring.note') },
      { id: 'none', title: t('models.key.none'), note: t('models.key.none.note') },
    ],
    selected: endpoint.keyEnv ? `env:${endpoint.keyEnv}` : (endpoint.keyStore ?? 'none'),
    pick: (id) => {
      const { change } = endpoints.getState();
      if (id === 'none') change({ keyEnv: undefined, keyStore: undefined });
      else if (id === 'file' || id === 'keyring') askKey(context, id);
      else if (id.startsWith('env:')) change({ keyEnv: id.slice(4), keyStore: undefined });
      else {
        ui.getState().prompt({
          title: t('models.key.otherVariable'),
          text: t('models.variableHelp'),
          submit: (name) => {
            if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name.trim())) change({ keyEnv: name.trim(), keyStore: undefined });
            // What was typed is not repeated: it may be the key itself.
            else ui.getState().toast(t('models.noVariable'), 'warn');
          },
        });
      }
    },
  });
}

function askKey({ ui, endpoints }: ScreenContext, store: KeyStore): void {
  const { form } = endpoints.getState();
  ui.getState().prompt({
    title: t('models.askKey', { host: originOf(form?.endpoint.url ?? '') ?? '?' }),
    text: t(`models.key.${store}.help`),
    secret: true,
    submit: (key) => {
      if (key.trim() !== '') endpoints.getState().keepKey(store, key);
    },
  });
}

const TYPE_IT = '\u0000type';

/** Asks the server for its models and lets one be picked, or typed where it lists none. */
export async function chooseModel(context: ScreenContext): Promise<void> {
  const { ui, endpoints } = context;
  const { form } = endpoints.getState();
  if (!form) return;
  const typeIt = () =>
    ask(context, 'model', form.endpoint.model, t('models.modelHelp'), (model) =>
      endpoints.getState().change({ model }),
    );
  if (originOf(form.endpoint.url) === null) return ui.getState().toast(t('models.why.url'), 'warn');
  // Why it failed stands in the form; who presses Enter again knows the name.
  if (form.error && form.error.code !== 'permission' && form.models === null) return typeIt();
  const models = form.models ?? (await endpoints.getState().listModels());
  const now = endpoints.getState().form;
  if (now === null || (models === null && now.error?.code !== 'not-found')) return;
  if (!models || models.length === 0) return typeIt();
  ui.getState().choose({
    title: t('models.chooseModel', { count: models.length }),
    choices: [
      ...models.map(({ id, contextTokens }) => ({
        id,
        title: id,
        note: contextTokens === null ? '' : t('models.context', { tokens: formatCount(contextTokens) }),
      })),
      { id: TYPE_IT, title: t('models.typeModel') },
    ],
    selected: form.endpoint.model,
    pick: (id) => {
      if (id === TYPE_IT) return typeIt();
      const contextTokens = models.find((one) => one.id === id)?.contextTokens ?? undefined;
      endpoints.getState().change({ model: id, contextTokens });
    },
  });
}
