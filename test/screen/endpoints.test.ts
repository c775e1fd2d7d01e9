import { afterEach, describe, expect, it } from 'vitest';
import { RagtuiError } from '../../src/platform/errors.ts';
import { frameFaults, openScreens, type ScreensWindow, type World } from './screens-window.tsx';

let window: ScreensWindow | undefined;
afterEach(() => {
  window?.dispose();
  window = undefined;
});
const open = async (world: Partial<World> = {}): Promise<ScreensWindow> => {
  window = await openScreens({ columns: 120, rows: 40, language: 'en', ...world });
  await window.press('4');
  return window;
};
const PLACES = [
  { columns: 60, rows: 20 },
  { columns: 80, rows: 24 },
  { columns: 120, rows: 40 },
].flatMap((size) => (['en', 'zh'] as const).map((language) => ({ ...size, language })));

describe.each(PLACES)('servers, $language at $columns×$rows', (place) => {
  it('keep their borders: the choice, the form with an error, the list with every state', async () => {
    const w = await open(place);
    const faults = () => frameFaults(w.rows(), place.columns, place.rows);
    await w.press('a');
    expect(faults()).toEqual([]);
    await w.press('down', 'enter');
    expect(faults()).toEqual([]);
    const why = 'Nothing answers at http://127.0.0.1:8000/v1, 服务没有应答。';
    w.models.servers.world.models = () => Promise.reject(new RagtuiError('unavailable', why, 'Start the server.'));
    await w.press('down', 'enter');
    expect(faults()).toEqual([]);
    w.stores.endpoints.getState().change({ model: '通义千问-很长的名字'.repeat(6), keyEnv: 'NOT_SET' });
    await w.press('s');
    const error = new RagtuiError('unavailable', why, 'Start the server.');
    w.models.servers.world.health = { state: 'failed', latencyMs: null, models: [], error };
    await w.press('c', 'shift+tab');
    expect(faults()).toEqual([]);
  });
});

describe('adding a server', () => {
  it('goes from the preset over key and model to one real request', async () => {
    const w = await open();
    const { world, saved, keys } = w.models.servers;
    world.models = async () => [
      { id: 'big-chat', contextTokens: 32_768 },
      { id: 'small-chat', contextTokens: null },
    ];
    await w.press('a');
    expect(w.text()).toContain('Which server?');
    await w.press(...Array.from({ length: 7 }, () => 'down'), 'enter');
    expect(w.text()).toContain('DeepSeek');
    expect(w.text()).toContain('not set in this environment');
    await w.press('t');
    expect(w.text()).toContain('Test: the model is missing');
    // The cursor stands on the key: a file instead of the variable.
    await w.press('enter', 'down', 'down', 'enter');
    expect(w.text()).toContain('Key for https://api.deepseek.com');
    await w.type('sk-canary-0123456789');
    expect(w.text()).not.toContain('canary');
    await w.press('enter');
    expect(w.text()).toContain('typed; s keeps it');
    await w.press('enter');
    expect(w.text()).toContain('32,768 tokens');
    await w.press('enter', 't');
    expect(w.text()).toContain('✓ It said "Hello" · first token after 90 ms');
    await w.press('s');
    await w.rest();
    expect(w.text()).toContain('deepseek can be asked');
    expect(saved).toMatchObject([{ name: 'deepseek', model: 'big-chat', contextTokens: 32_768, keyStore: 'file' }]);
    expect(keys.get('deepseek')).toBe('sk-canary-0123456789');
    expect(w.text()).not.toContain('canary');
    await w.press('c');
    expect(w.text()).toContain('✓ 12 ms');
  });

  it('tells why a list failed, leads to the key, and takes a typed name at the second Enter', async () => {
    const w = await open();
    const { world, saved } = w.models.servers;
    world.models = () => Promise.reject(new RagtuiError('permission', 'It wants a key (401).', 'run a command'));
    await w.press('a', 'down', 'enter', 'down', 'enter');
    expect(w.text()).toContain('✗ It wants a key (401). Enter on the key gives it');
    expect(w.text()).toMatch(/▸Key/);
    world.models = () => Promise.reject(new RagtuiError('timeout', 'It sent nothing for 15 s.', 'Look at its log.'));
    await w.press('down', 'enter', 'enter');
    expect(w.text()).toContain('What the server calls the model.');
    await w.type('mine');
    await w.press('enter', 's');
    await w.rest();
    expect(w.text()).toContain('vllm is saved; it was not tried yet.');
    expect(saved).toMatchObject([{ name: 'vllm', url: 'http://127.0.0.1:8000/v1', model: 'mine' }]);
  });

  it('asks before a key of the environment goes to another host', async () => {
    const w = await open();
    await w.press('a', ...Array.from({ length: 7 }, () => 'down'), 'enter');
    const { endpoints } = w.stores;
    const retype = async (url: string) => {
      await w.press('home', 'enter', 'ctrl+u');
      await w.type(url);
      await w.press('enter');
    };
    await retype('https://elsewhere.example/v1');
    expect(w.text()).toContain('The key in DEEPSEEK_API_KEY');
    expect(w.text()).toContain('https://elsewhere.example');
    await w.press('n');
    expect(endpoints.getState().form?.endpoint.url).toBe('https://api.deepseek.com/v1');
    await retype('https://elsewhere.example/v1');
    await w.press('y');
    expect(endpoints.getState().form?.endpoint.url).toBe('https://elsewhere.example/v1');
    // The same host is no question, nor is a server without a key.
    await retype('https://elsewhere.example/v2');
    expect(endpoints.getState().form?.endpoint.url).toBe('https://elsewhere.example/v2');
    endpoints.getState().change({ keyEnv: undefined });
    await retype('https://third.example/v1');
    expect(endpoints.getState().form?.endpoint.url).toBe('https://third.example/v1');
  });

  it('takes prices and limits, and says what it does not understand', async () => {
    const w = await open();
    await w.press('a', 'down', 'enter');
    w.stores.endpoints.getState().change({ model: 'm' });
    const set = async (field: string, text: string) => {
      const at = ['url', 'key', 'model', 'name', 'kind', 'prices', 'concurrency', 'requestsPerMinute'].indexOf(field);
      await w.press('home', ...Array.from({ length: at }, () => 'down'), 'enter');
      await w.type(text);
      await w.press('enter');
    };
    await set('prices', 'cheap');
    expect(w.text()).toContain('cheap are no prices');
    await set('prices', '0.28 0.42 0.03 cny');
    expect(w.text()).toContain('0.28 in, 0.42 out, 0.03 cached, CNY per million tokens');
    await set('concurrency', '1.5');
    expect(w.text()).toContain('1.5 is no whole number');
    await set('concurrency', '2');
    await set('requestsPerMinute', '60');
    await w.press('s');
    await w.rest();
    expect(w.models.servers.saved).toMatchObject([
      {
        prices: { input: 0.28, output: 0.42, cachedInput: 0.03, currency: 'CNY' },
        limits: { concurrency: 2, requestsPerMinute: 60 },
      },
    ]);
    await w.press('shift+tab', 'd');
    expect(w.text()).toContain('is forgotten');
    await w.press('y');
    await w.rest();
    expect(w.models.servers.saved).toEqual([]);
  });
});
