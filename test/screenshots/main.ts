// npm run screenshots [-- --only NAME,NAME] [--home DIR] [--keep] [--show]: real screens of the built program as docs/screens/*.svg.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { stopEverything } from '../../src/cli/demo/stop.ts';
import { packageRoot } from '../../src/platform/entry.ts';
import { ensureBuilt } from '../support/models.ts';
import { launch } from '../support/pty.ts';
import { drawScreen } from '../support/screen-model.ts';
import { screenSvg } from '../support/screen-svg.ts';
import { type Scene, scenes } from './scenes.ts';
import { makeWorld, type World } from './world.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    home: { type: 'string' },
    keep: { type: 'boolean', default: false },
    show: { type: 'boolean', default: false },
  },
});
const wanted = values.only?.split(',');
const list = scenes.filter(({ name }) => wanted === undefined || wanted.includes(name));
const unknown = wanted?.filter((name) => !list.some((scene) => scene.name === name)) ?? [];
if (unknown.length > 0)
  throw new Error(`No scene ${unknown.join(', ')}. There are: ${scenes.map((s) => s.name).join(', ')}.`);

ensureBuilt();
const home = values.home ?? mkdtempSync(path.join(os.tmpdir(), 'ragtui-pictures-'));
const world = await makeWorld(home, (line) => console.log(line));
try {
  for (const scene of list) await picture(scene, world);
} finally {
  await stopEverything(world.paths);
  if (values.home === undefined && !values.keep) rmSync(home, { recursive: true, force: true });
  else console.log(`The workspace is ${home}`);
}

async function picture(scene: Scene, { paths, env, tuned }: World): Promise<void> {
  if (scene.needsTune === true && !tuned) {
    console.log(`${scene.name}: left as it is, LLaMA-Factory is not installed here`);
    return;
  }
  const language = scene.language ?? 'en';
  const app = launch({
    columns: scene.columns ?? 120,
    rows: scene.rows ?? 34,
    home: paths.home,
    // CI, whatever its value, takes the colours away.
    env: { ...env, CI: undefined, LC_ALL: undefined, LANG: language === 'zh' ? 'zh_CN.UTF-8' : 'en_US.UTF-8' },
  });
  try {
    await app.waitIdle();
    await scene.play(app);
    await app.waitIdle();
    const file = path.join(packageRoot(), 'docs', 'screens', `${scene.name}.svg`);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, screenSvg(app.model, scene.title));
    console.log(`docs/screens/${scene.name}.svg`);
    if (values.show) console.log(drawScreen(app.screen(), app.model.columns));
  } finally {
    await app.dispose();
  }
}
