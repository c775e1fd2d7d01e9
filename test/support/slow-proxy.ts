import net from 'node:net';

export interface SlowProxy {
  readonly port: number;
  /** Milliseconds each byte takes, one way; may be changed while connections are open. */
  delay: number;
  /** Breaks every connection at once, as a line that is gone and noticed. */
  cut: () => void;
  readonly stop: () => Promise<void>;
}

/** A TCP proxy on loopback that hands on what it gets `delay` ms later, in order, both ways: a far machine. */
export async function startSlowProxy(target: number, delay: number): Promise<SlowProxy> {
  const open = new Set<net.Socket>();
  const server = net.createServer((near) => {
    const far = net.connect(target, '127.0.0.1');
    for (const socket of [near, far]) {
      socket.setNoDelay(true);
      open.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => open.delete(socket));
    }
    handOn(near, far);
    handOn(far, near);
  });
  const handOn = (from: net.Socket, to: net.Socket): void => {
    // A shorter delay set meanwhile must not let later bytes overtake earlier ones.
    let due = 0;
    const later = (act: () => void): void => {
      due = Math.max(due, performance.now() + proxy.delay);
      setTimeout(act, due - performance.now());
    };
    from.on('data', (data) => later(() => to.write(data)));
    from.on('end', () => later(() => to.end()));
    from.on('close', () => later(() => to.destroy()));
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const proxy: SlowProxy = {
    port: address && typeof address === 'object' ? address.port : 0,
    delay,
    cut: () => {
      for (const socket of open) socket.destroy();
    },
    stop: () => {
      proxy.cut();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  return proxy;
}
