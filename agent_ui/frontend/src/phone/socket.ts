// The line as JsSIP knows sockets. When to connect again is the line's to decide, so JsSIP's own tries do nothing.

import type { Socket } from "jssip/lib/UA";

import type { Line, Pipe } from "./line";

/** What JsSIP sends and receives through *line*. */
export class LineSocket implements Socket {
  via_transport = location.protocol === "https:" ? "WSS" : "WS";
  readonly sip_uri = `sip:${location.host};transport=ws`;
  readonly url = addressOf("/phone/ws");
  onconnect = (): void => undefined;
  ondisconnect = (_error: boolean, _code: number, _reason: string): void => undefined;
  ondata = (_message: unknown): void => undefined;

  private kept: string[] | null = null;

  constructor(private readonly line: Line) {}

  /** What *say* sends, to be sent at another time. */
  caught(say: () => void): string[] {
    const kept: string[] = [];
    this.kept = kept;
    try {
      say();
    } finally {
      this.kept = null;
    }
    return kept;
  }

  connect(): void {
    // The line connects.
  }

  disconnect(): void {
    this.line.stop();
  }

  send(message: string): boolean {
    if (this.kept === null) return this.line.send(message);
    this.kept.push(message);
    return true;
  }

  isConnected(): boolean {
    return this.line.connected;
  }

  isConnecting(): boolean {
    return !this.line.connected;
  }
}

/** Open the WebSocket at the path *ws* of this house. */
export function openPipe(ws: string): Pipe {
  const socket = new WebSocket(addressOf(ws), "sip");
  socket.binaryType = "arraybuffer";
  const pipe: Pipe = {
    onopen: null,
    onclose: null,
    onmessage: null,
    send: (text) => socket.send(text),
    close: () => socket.close(),
  };
  socket.onopen = () => pipe.onopen?.();
  socket.onclose = ({ code }) => pipe.onclose?.(code);
  socket.onmessage = ({ data }) => pipe.onmessage?.(data);
  return pipe;
}

function addressOf(path: string): string {
  return `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${path}`;
}
