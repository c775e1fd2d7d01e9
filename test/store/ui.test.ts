import { describe, expect, it } from 'vitest';
import { createUiStore } from '../../stores/ui.ts';

function start() {
  const timers: { ms: number; run: () => void }[] = [];
  const store = createUiStore({
    now: () => 1000,
    after: (ms, run) => {
      timers.push({ ms, run });
      return () => undefined;
    },
  });
  return { ui: store.getState, timers };
}

describe('the ui store', () => {
  it('changing the screen closes what lies over it and the zoom, and keeps each screen’s focus', () => {
    const { ui } = start();
    ui().setFocus('list');
    ui().toggleZoom();
    ui().open({ kind: 'help' });
    ui().showScreen('kb');
    expect([ui().screen, ui().overlays, ui().zoomed, ui().focus]).toEqual(['kb', [], false, { home: 'list' }]);
    ui().setFocus('text');
    expect(ui().focus).toEqual({ home: 'list', kb: 'text' });
  });

  it('overlays are a stack', () => {
    const { ui } = start();
    ui().open({ kind: 'palette' });
    ui().confirm({ title: 'Delete', text: 'for good', run: () => undefined });
    expect(ui().overlays.map((overlay) => overlay.kind)).toEqual(['palette', 'confirm']);
    expect([ui().close(), ui().close(), ui().close()]).toEqual([true, true, false]);
  });

  it('toasts pass, errors stay longer, and all are in the log', () => {
    const { ui, timers } = start();
    ui().toast('done', 'good');
    ui().toast('broken', 'bad');
    expect(ui().toasts.map((toast) => toast.text)).toEqual(['done', 'broken']);
    const [good, bad] = timers;
    expect((bad?.ms ?? 0) > (good?.ms ?? 0)).toBe(true);
    good?.run();
    expect(ui().toasts.map((toast) => toast.text)).toEqual(['broken']);
    expect(ui().logs.map((line) => [line.level, line.text])).toEqual([
      ['info', 'done'],
      ['error', 'broken'],
    ]);
    expect(ui().unreadErrors).toBe(1);
    ui().open({ kind: 'log' });
    expect(ui().unreadErrors).toBe(0);
  });

  it('keeps at most three toasts and 500 log lines', () => {
    const { ui } = start();
    for (let i = 0; i < 600; i++) ui().toast(`message ${i}`);
    expect(ui().toasts.map((toast) => toast.text)).toEqual(['message 597', 'message 598', 'message 599']);
    expect(ui().logs).toHaveLength(500);
  });
});
