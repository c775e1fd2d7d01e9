import { bindActions } from '../../keys/bind.ts';
import { t } from '../../ui/i18n/index.ts';
import { type Rect, splitColumns, splitRows } from '../../ui/rect.ts';
import type { ScreenDefinition } from '../../ui/screen.ts';
import type { ScreenContext } from '../context.ts';
import { createPathModal } from '../path-modal.tsx';
import { basesActions, benchActions, documentsActions, kbActions, specActions } from './actions.ts';
import { createBaseModal } from './create-modal.tsx';
import { createKbModel, type KbModel } from './model.ts';
import { VerifyView } from './VerifyView.tsx';
import { KbScreenView } from './view.tsx';

/** From this width on the list of bases stays beside everything, and texts lie beside their lists. */
const WIDE = 110;

/** Knowledge bases, their documents and chunks, the search bench and the splitter preview. */
export function createKbScreen(context: ScreenContext): ScreenDefinition {
  const model = createKbModel(context);
  const path = createPathModal(context, {
    id: 'kb.path',
    title: () => t('kb.pathTitle', { name: model.base()?.name ?? '' }),
    submit: async (folder) => {
      const name = model.base()?.name;
      if (name) await context.kb.getState().ingest(name, [folder]);
      model.show('documents');
    },
  });
  const create = createBaseModal(context, () => path.open());
  const showing = (view: ReturnType<typeof current>): boolean => current(model) === view;
  const narrow = (): boolean => context.ui.getState().size.columns < WIDE;

  return {
    id: 'kb',
    key: '2',
    title: () => t('kb.title'),
    panes: [
      {
        id: 'bases',
        title: () => t('kb.bases'),
        target: () => model.bases,
        focusable: () => !narrow() || showing('documents'),
        actions: bindActions(basesActions, () => model),
      },
      {
        id: 'documents',
        title: () => t('kb.documents'),
        target: () => model.documentsTarget,
        copy: () => model.documents.selected()?.name ?? null,
        focusable: () => showing('documents'),
        actions: bindActions(documentsActions, () => model),
      },
      {
        id: 'chunks',
        title: () => t('kb.chunks'),
        target: () => model.chunks,
        copy: () => model.chunks.selected()?.text ?? null,
        focusable: () => showing('chunks'),
      },
      {
        id: 'query',
        title: () => t('kb.bench'),
        editor: () => model.query,
        target: () => model.hits,
        focusable: () => showing('bench'),
        actions: bindActions(benchActions, () => model),
      },
      {
        id: 'hits',
        title: () => t('kb.hits'),
        target: () => model.hits,
        copy: () => model.hits.selected()?.text ?? null,
        focusable: () => showing('bench'),
      },
      {
        id: 'spec',
        title: () => t('kb.preview'),
        editor: () => model.spec,
        target: () => model.pieces,
        focusable: () => showing('preview'),
        actions: bindActions(specActions, () => model),
      },
      {
        id: 'pieces',
        title: () => t('kb.pieces'),
        target: () => model.pieces,
        copy: () => model.pieces.selected()?.text ?? null,
        focusable: () => showing('preview'),
      },
      {
        id: 'text',
        title: () => t('kb.text'),
        target: () => model.text,
        copy: () => model.text.text() || null,
        focusable: () => showing('chunks') || showing('preview'),
      },
    ],
    layout: (rect) => layout(rect, model),
    view: (props) => <KbScreenView model={model} {...props} />,
    actions: bindActions(kbActions({ path: path.open, create: create.open }), () => model),
    modals: [
      path.definition,
      create.definition,
      {
        id: 'kb.verify',
        title: () => t('kb.verifyTitle', { name: context.kb.getState().verification?.kb ?? '' }),
        width: 90,
        height: 18,
        view: ({ rect }) => <VerifyView kb={context.kb} rect={rect} />,
        actions: [],
        onClose: () => context.kb.getState().closeVerification(),
      },
    ],
    copyAll: () => context.kb.getState().open?.document.text ?? null,
    onEnter: () => void context.kb.getState().refresh(),
    canGoBack: () => !showing('documents'),
    back: () => {
      if (showing('documents')) return false;
      if (showing('preview')) model.preview.getState().close();
      context.kb.getState().closeDocument();
      model.show('documents');
      return true;
    },
  };
}

const current = (model: KbModel) => model.view.getState().view;

function layout(rect: Rect, model: KbModel): Record<string, Rect> {
  const view = current(model);
  const wide = rect.width >= WIDE;
  const [bases, right] = wide || view === 'documents' ? splitColumns(rect, [wide ? 30 : 24, '1fr']) : [undefined, rect];
  if (!right) return {};
  return { ...(bases ? { bases } : {}), ...rightPanes(right, view) };
}

function rightPanes(rect: Rect, view: ReturnType<typeof current>): Record<string, Rect> {
  switch (view) {
    case 'documents':
      return { documents: rect };
    case 'chunks': {
      const [chunks, text] = beside(rect);
      return chunks && text ? { chunks, text } : {};
    }
    case 'bench': {
      const [query, hits] = splitRows(rect, [4, '1fr']);
      return query && hits ? { query, hits } : {};
    }
    case 'preview': {
      const [spec, rest] = splitRows(rect, [5, '1fr']);
      const [pieces, text] = rest ? beside(rest) : [];
      return spec && pieces && text ? { spec, pieces, text } : {};
    }
  }
}

/** A list and its text: side by side where both are readable, else one above the other. */
function beside(rect: Rect): Rect[] {
  return rect.width >= 76 ? splitColumns(rect, ['2fr', '3fr']) : splitRows(rect, ['2fr', '3fr']);
}
