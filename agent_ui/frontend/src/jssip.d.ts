// What we use of JsSIP, stricter than its own types; those want Node's for this one:
declare module "events" {
  export class EventEmitter<Events = Record<string, unknown>> {
    emit(name: keyof Events, ...values: unknown[]): boolean;
  }
}

declare module "jssip/lib/UA" {
  export interface Refer {
    eventHandlers: Record<string, (event: { status_line?: { status_code: number } }) => void>;
    replaces?: Session;
  }

  export interface End {
    originator: "local" | "remote" | "system";
    message: { status_code?: number } | null;
    cause: string;
  }

  export interface SessionEvents {
    peerconnection: (event: { peerconnection: RTCPeerConnection }) => void;
    icecandidate: (event: { ready: () => void }) => void;
    accepted: () => void;
    confirmed: () => void;
    ended: (event: End) => void;
    failed: (event: End) => void;
    hold: (event: { originator: string }) => void;
    unhold: (event: { originator: string }) => void;
  }

  export interface Media {
    mediaStream: MediaStream;
    pcConfig: RTCConfiguration;
  }

  export interface Session {
    readonly id: string;
    readonly direction: "incoming" | "outgoing";
    readonly connection: RTCPeerConnection | null;
    readonly remote_identity: { display_name: string | null; uri: { user: string } };
    on<Name extends keyof SessionEvents>(name: Name, listener: SessionEvents[Name]): this;
    answer(media: Media): void;
    terminate(options?: { status_code?: number; reason_phrase?: string }): void;
    hold(options?: object, done?: () => void): boolean;
    unhold(options?: object, done?: () => void): boolean;
    renegotiate(): boolean;
    mute(kinds: { audio: boolean }): void;
    unmute(kinds: { audio: boolean }): void;
    sendDTMF(digits: string, options: { transportType: "RFC2833" }): void;
    refer(target: string, options: Refer): unknown;
    isEstablished(): boolean;
    isEnded(): boolean;
  }

  /** The INVITE of a call that came in; *reply_sl* answers it also when its transaction is gone. */
  export interface Invitation {
    reply_sl(status: number): void;
  }

  export interface Socket {
    via_transport: string;
    readonly url: string;
    readonly sip_uri: string;
    onconnect: () => void;
    ondisconnect: (error: boolean, code: number, reason: string) => void;
    ondata: (message: unknown) => void;
    connect(): void;
    disconnect(): void;
    send(message: string): boolean;
    isConnected(): boolean;
    isConnecting(): boolean;
  }

  export interface Wishes {
    sockets: Socket[];
    uri: string;
    password: string;
    register_expires: number;
    session_timers: boolean;
    user_agent: string;
  }

  export interface UAEvents {
    registered: () => void;
    registrationFailed: (event: { response: { status_code: number } | null }) => void;
    newRTCSession: (event: { session: Session; request: Invitation }) => void;
  }

  export default class UA {
    constructor(wishes: Wishes);
    on<Name extends keyof UAEvents>(name: Name, listener: UAEvents[Name]): this;
    start(): void;
    stop(): void;
    set(name: "ha1" | "password", value: string): boolean;
    call(target: string, media: Media & { eventHandlers?: Partial<SessionEvents> }): Session;
  }
}
