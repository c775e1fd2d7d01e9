// The other side of the terminal benchmark: the frame of our Ask screen in plain Ink, written as Ink's manual shows.
// argv: the file with the answer's pieces (JSON) and the passages, and pieces a second.
import { readFileSync } from 'node:fs';
import { Box, render, Text, useInput, useStdout } from 'ink';
import { useEffect, useState } from 'react';

const [file = '', rate = '60'] = process.argv.slice(2);
const { pieces, passages }: { pieces: string[]; passages: string[] } = JSON.parse(readFileSync(file, 'utf8'));
const RIGHT = 48;
const QUESTION_ROWS = 6;

function App() {
  const { stdout } = useStdout();
  const { columns, rows } = stdout;
  const [typed, setTyped] = useState('');
  const [asked, setAsked] = useState(false);
  const [count, setCount] = useState(0);
  useInput((input, key) => {
    if (key.return) {
      setTyped('');
      setAsked(true);
    } else if (key.backspace || key.delete) setTyped((before) => before.slice(0, -1));
    else if (input) setTyped((before) => before + input);
  });
  useEffect(() => {
    if (!asked) return;
    const timer = setInterval(() => setCount((before) => before + 1), 1000 / Number(rate));
    return () => clearInterval(timer);
  }, [asked]);
  const height = rows - 3;
  return (
    <Box flexDirection="column" width={columns} height={rows}>
      <Text color="cyan">{' 1 Home  2 Knowledge  3 Ask  4 Models  5 Jobs  6 Settings'}</Text>
      <Box height={height}>
        <Box flexDirection="column" width={columns - RIGHT}>
          <Box borderStyle="round" borderColor="cyan" height={QUESTION_ROWS} flexDirection="column">
            <Text dimColor>kb samples llm recorded mode hybrid top 3 prompt default</Text>
            <Text>{`❯ ${typed}`}</Text>
          </Box>
          <Box
            borderStyle="round"
            height={height - QUESTION_ROWS}
            flexDirection="column"
            justifyContent="flex-end"
            overflow="hidden"
          >
            <Text>{asked ? pieces.slice(0, count).join('') : 'The answer comes here.'}</Text>
          </Box>
        </Box>
        <Box borderStyle="round" width={RIGHT} flexDirection="column" overflow="hidden">
          {passages.map((passage, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the list never changes
            <Box key={at} flexDirection="column">
              <Text bold>{`[${at + 1}] passage`}</Text>
              <Text wrap="wrap">{passage}</Text>
            </Box>
          ))}
        </Box>
      </Box>
      <Text dimColor>{` samples │ recorded │ ${count} tokens`}</Text>
      <Text dimColor>{' Enter Ask  Ctrl+X Cancel  Ctrl+O Settings  Ctrl+R History  Tab Next pane  F1 Help'}</Text>
    </Box>
  );
}

process.stdout.write('\u001b[?1049h');
render(<App />);
