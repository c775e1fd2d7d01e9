import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { checkImports } from '../../../scripts/check-imports.js';

const made: string[] = [];

function tree(files: Record<string, string>): string {
  const root = mkdtempSync(path.join(os.tmpdir(), 'imports-'));
  made.push(root);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    writeFileSync(path.join(root, name), text);
  }
  return root;
}

afterEach(() => {
  for (const root of made.splice(0)) rmSync(root, { recursive: true });
});

test('a tree that keeps the rule has no violation', () => {
  const root = tree({
    'src/kb/types.ts': 'export interface Hit { text: string }',
    'src/kb/service.ts': "import Database from 'better-sqlite3';\nexport const open = () => new Database('x');",
    'src/kb/client.ts':
      "import type { Hit } from './types.ts';\nimport type { open } from './service.ts';\nexport const hits: Hit[] = [];",
    'src/ui/list.tsx':
      "import React from 'react';\nimport type { Hit } from '../kb/types.ts';\nexport const A = React;",
    'src/cli/main.ts':
      "// import '../db/open.ts'\nconst text = \"import x from 'ink'\";\nconst c = await import('../kb/client.ts');\nexport { c, text };",
    'stores/kb.ts':
      "import { createStore } from 'zustand/vanilla';\nimport { hits } from '../src/kb/client.ts';\nexport { createStore, hits };",
    'workers/kb-service.ts': "import { open } from '../src/kb/service.ts';\nopen();",
  });
  expect(checkImports(root)).toEqual({ files: 7, violations: [] });
});

test('an import against the direction is named with file, line and layers', () => {
  const root = tree({
    'src/kb/types.ts': 'export const schema = 1;',
    'src/platform/errors.ts': "\nimport { schema } from '../kb/types.ts';\nexport { schema };",
    'src/ui/list.tsx': "import { schema } from '../kb/types.ts';\nexport { schema };",
    'workers/ingest.ts': "import {\n  theme,\n} from '../src/app/theme.ts';\nexport { theme };",
    'src/app/theme.ts': 'export const theme = 1;',
  });
  expect(checkImports(root).violations.sort()).toEqual([
    'src/platform/errors.ts:2: platform must not import kb (src/kb/types.ts) except by "import type"',
    'src/ui/list.tsx:1: ui must not import kb (src/kb/types.ts) except by "import type"',
    'workers/ingest.ts:3: workers must not import app (src/app/theme.ts)',
  ]);
});

test('native code reached through other files, also by a dynamic import, is shown as a chain', () => {
  const root = tree({
    'src/models/runtime.ts': "export { InferenceSession } from 'onnxruntime-node';",
    'src/models/helper.ts': "export const load = () => import('./runtime.ts');",
    'stores/models.ts': "import { load } from '../src/models/helper.ts';\nexport { load };",
  });
  expect(checkImports(root).violations).toEqual([
    'stores/models.ts → src/models/helper.ts → src/models/runtime.ts → onnxruntime-node: native code',
  ]);
});

test('React stays in app, screens and ui; a store takes the vanilla half of zustand', () => {
  const root = tree({
    'stores/a.ts': "import { create } from 'zustand';\nexport { create };",
    'src/keys/table.ts': "import { Box } from 'ink';\nexport { Box };",
  });
  expect(checkImports(root).violations.sort()).toEqual([
    'src/keys/table.ts:1: keys must not import ink: React lives in app, screens and ui',
    'stores/a.ts:1: stores must not import zustand: React lives in app, screens and ui',
  ]);
});

test('the project itself keeps the rule', () => {
  expect(checkImports(path.resolve(import.meta.dirname, '../../..')).violations).toEqual([]);
});
