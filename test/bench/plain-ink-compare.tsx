// The other side of the compare benchmark: the frame of our Compare screen in plain Ink, written as Ink's manual shows.
// argv: the file with the pieces of each column (JSON), and pieces a second.
import { readFileSync } from 'node:fs';
import { Box, render, Text, useInput, useStdout } from 'ink';
import { useEffect, useState } from 'react';

const [file = '', rate = '30'] = process.argv.slice(2);
const { columns: texts }: { columns: string[][] } = JSON.parse(readFileSync(file, 'utf8'));
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
  const width = Math.floor(columns / texts.length);
  return (
    <Box flexDirection="column" width={columns} height={rows}>
      <Text color="cyan">{' 1 Home  2 Knowledge  3 Ask  4 Models  5 Jobs  6 Settings  7 Compare'}</Text>
      <Box borderStyle="round" borderColor="cyan" height={QUESTION_ROWS} flexDirection="column">
        <Text dimColor>kb samples · all together: their times affect each other</Text>
        <Text>{`❯ ${typed}`}</Text>
      </Box>
      <Box height={height - QUESTION_ROWS}>
        {texts.map((pieces, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the columns never change
          <Box key={at} borderStyle="round" width={width} flexDirection="column">
            <Text dimColor>{`column ${at + 1} recorded · hybrid · top 3`}</Text>
            <Box flexGrow={1} flexDirection="column" justifyContent="flex-end" overflow="hidden">
              <Text>{asked ? pieces.slice(0, count).join('') : ''}</Text>
            </Box>
            <Text dimColor>{asked ? `${count} tokens` : ''}</Text>
          </Box>
        ))}
      </Box>
      <Text dimColor>{` samples │ recorded │ ${count} tokens`}</Text>
      <Text dimColor>{' Enter Compare  Ctrl+X Cancel  Ctrl+O Column  Tab Next pane  F1 Help'}</Text>
    </Box>
  );
}

process.stdout.write('\u001b[?1049h');
render(<App />);
