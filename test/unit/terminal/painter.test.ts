import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFrameStdout } from '../../../src/terminal/painter.ts';
import { ScreenModel } from '../../support/screen-model.ts';

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

function painter(columns = 20, rows = 4) {
  const written: string[] = [];
  const model = new ScreenModel({ columns, rows });
  let takes = true;
  // As `modes.ts` does: nothing wraps at the edge.
  void model.write('\u001b[?7l');
  const stdout = createFrameStdout({
    columns,
    rows,
    write(data) {
      written.push(data);
      void model.write(data);
      return takes;
    },
  });
  return {
    stdout,
    written,
    model,
    /** From now on the terminal says it is full after each write. */
    stall() {
      takes = false;
    },
    recover() {
      takes = true;
      stdout.drained();
    },
    async settle() {
      await nextTurn();
      await model.write('');
    },
  };
}

describe('frames to rows', () => {
  it('shows the frame, and writes one changed row only', async () => {
    const { stdout, written, model, settle } = painter();
    stdout.write('one\ntwo\nthree');
    await settle();
    expect(model.screen()).toEqual(['one', 'two', 'three', '']);
    stdout.write('one\nTWO\nthree');
    await settle();
    expect(model.screen()).toEqual(['one', 'TWO', 'three', '']);
    expect(written[1]).toContain('TWO');
    expect(written[1]).not.toContain('one');
    expect(stdout.counters).toMatchObject({ frames: 2, paints: 2, rows: 4, fullClears: 1, dropped: 0 });
  });

  it('writes nothing for the same frame', async () => {
    const { stdout, written, settle } = painter();
    stdout.write('same');
    await settle();
    stdout.write('same');
    await settle();
    expect(written).toHaveLength(1);
  });

  it('blanks rows that a shorter frame no longer has, and cuts what is too high or too wide', async () => {
    const { stdout, model, settle } = painter(5, 3);
    stdout.write('1\n2\n3\n4\n5');
    await settle();
    expect(model.screen()).toEqual(['1', '2', '3']);
    stdout.write('123456789');
    await settle();
    expect(model.screen()).toEqual(['12345', '', '']);
  });

  it('makes one paint of the frames of one turn', async () => {
    const { stdout, written, model, settle } = painter();
    stdout.write('a');
    stdout.write('b');
    stdout.write('c');
    await settle();
    expect(written).toHaveLength(1);
    expect(model.screen()[0]).toBe('c');
    expect(stdout.counters).toMatchObject({ frames: 3, dropped: 2, paints: 1 });
  });

  it('keeps only the newest frame while the terminal is full', async () => {
    const { stdout, written, model, stall, recover, settle } = painter();
    stall();
    stdout.write('first');
    await settle();
    for (const text of ['second', 'third', 'fourth']) {
      stdout.write(text);
      await settle();
    }
    expect(written).toHaveLength(1);
    recover();
    await settle();
    expect(written).toHaveLength(2);
    expect(model.screen()[0]).toBe('fourth');
    expect(stdout.counters.dropped).toBe(2);
  });

  it('clears on resize and on redraw only', async () => {
    const { stdout, model, settle } = painter(10, 3);
    let resizes = 0;
    stdout.on('resize', () => resizes++);
    stdout.write('x');
    await settle();
    stdout.resize(8, 3);
    model.resize(8, 3);
    await settle();
    stdout.redraw();
    await settle();
    stdout.write('y');
    await settle();
    expect(resizes).toBe(1);
    expect(stdout.counters.fullClears).toBe(3);
    expect(model.erased()).toEqual([2, 2, 2]);
    expect(model.screen()[0]).toBe('y');
  });

  it('takes cursor sequences of others for no frame', async () => {
    const { stdout, model, written, settle } = painter();
    stdout.write('frame');
    await settle();
    stdout.write('\u001b[?25h');
    stdout.write('');
    await settle();
    expect(written).toHaveLength(1);
    expect(model.screen()[0]).toBe('frame');
  });

  it('draws nothing while paused or after stop, and everything when resumed', async () => {
    const { stdout, model, written, settle } = painter();
    stdout.pausePainting();
    stdout.write('early');
    await settle();
    expect(written).toHaveLength(0);
    stdout.resumePainting();
    await settle();
    expect(model.screen()[0]).toBe('early');
    stdout.stop();
    stdout.write('late');
    stdout.redraw();
    await settle();
    expect(model.screen()[0]).toBe('early');
  });

  it('calls back, as a stream does', async () => {
    // The type that Ink asks for.
    const stdout: NodeJS.WriteStream = painter().stdout;
    await new Promise<void>((resolve) => stdout.write('x', () => resolve()));
    await new Promise<void>((resolve) => stdout.write('', 'utf8', () => resolve()));
  });
});

describe('cursor', () => {
  it('stands where it was set, stays there when rows change, and hides', async () => {
    const { stdout, model, settle } = painter();
    stdout.write('abc\ndef');
    await settle();
    expect(model.cursor().visible).toBe(false);
    stdout.setCursor({ x: 2, y: 1 });
    await settle();
    expect(model.cursor()).toEqual({ x: 2, y: 1, visible: true });
    stdout.write('ABC\ndef');
    await settle();
    expect(model.cursor()).toEqual({ x: 2, y: 1, visible: true });
    stdout.setCursor(null);
    await settle();
    expect(model.cursor().visible).toBe(false);
  });

  it('hides when it would stand outside the screen', async () => {
    const { stdout, model, settle } = painter(10, 3);
    stdout.write('x');
    stdout.setCursor({ x: 10, y: 0 });
    await settle();
    expect(model.cursor().visible).toBe(false);
  });
});

describe('any frames in any order', () => {
  const row = fc.oneof(
    fc.constantFrom(
      '',
      'plain',
      '中文测试文本很长',
      '\u001b[31mred\u001b[39m',
      '│ 👩‍👩‍👧 │',
      '🇨🇳 flag',
      'x'.repeat(40),
    ),
    fc.string({ maxLength: 15 }).map((text) => text.replace(/[^ -~]/g, '.')),
  );
  // Two rows at least: Ink's empty write is no frame.
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.array(row, { minLength: 2, maxLength: 8 }) },
    {
      weight: 1,
      arbitrary: fc.record({ columns: fc.integer({ min: 3, max: 30 }), rows: fc.integer({ min: 1, max: 8 }) }),
    },
  );

  it('leaves the picture that the last frame alone would make on a fresh screen', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 10 }), async (steps) => {
        const used = painter(17, 6);
        let last = '';
        for (const one of steps) {
          if ('columns' in one) {
            used.model.resize(one.columns, one.rows);
            used.stdout.resize(one.columns, one.rows);
          } else {
            last = one.join('\n');
            used.stdout.write(last);
          }
          await used.settle();
        }
        const fresh = painter(used.stdout.columns, used.stdout.rows);
        fresh.stdout.write(last);
        await fresh.settle();
        expect(used.model.screen()).toEqual(fresh.model.screen());
      }),
      { numRuns: 60 },
    );
  });
});
