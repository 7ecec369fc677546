// The phone in the browser, on every page of a person who has one.

import { openBeside } from "./phone/beside";
import { commandOf, drawButtons, pressOf, shownCalls, wish } from "./phone/buttons";
import { startCheck } from "./phone/check";
import { Dialogs } from "./phone/dialogs";
import { Early, patience } from "./phone/early";
import type { Exchange } from "./phone/exchange";
import { NO_PHONE, type Failure, type LineState, type Phone } from "./phone/model";
import { Notice } from "./phone/notice";
import { Pending } from "./phone/pending";
import { Bell, type Tone } from "./phone/ring";
import { Seat, type Channel, type Leader, type Lock, type Word } from "./phone/seat";
import { drawStrip } from "./phone/strip";
import { showToast } from "./toasts";

const page = document;
const name = `callcard-phone-${page.getElementById("phone")?.dataset["person"] ?? ""}`;
const pending = new Pending();
const early = new Early();
const notice = new Notice(page, new BroadcastChannel(`${name}-looks`));
const bell = new Bell(page, draw);
let phone: Phone = NO_PHONE;
let exchange: Exchange | null = null;
let testing = false;
const AWAY = new Set<LineState>(["elsewhere", "none", "fault", "insecure"]); // the check of the phone says more
const DRAWN = ["data-part", "aria-pressed", "aria-busy"];

function draw(): void {
  drawStrip(page, phone, seat.leads && bell.silent);
  drawButtons(page, phone, pending, Date.now());
  dialogs.settle(phone.calls);
  if (seat.leads) {
    bell.play(testing ? "ring" : toneOf(phone));
    notice.draw(phone);
  }
}

function toneOf({ calls }: Phone): Tone | null {
  if (calls.some(({ stage }) => stage === "ringing")) return "ring";
  return calls.some(({ stage }) => stage === "calling") ? "back" : null;
}

function fail(failure: Failure): void {
  pending.clear();
  drawButtons(page, phone, pending, Date.now());
  if (!page.hidden) showToast(page, `phone-says-${failure}`);
}

/** Load the phone itself, and take calls; it may be over before it is there. */
function lead(): Leader {
  let over = false;
  void import("./phone/exchange").then(take, () => over || seat.tell({ ...NO_PHONE, line: "stale" }));
  function take(loaded: typeof import("./phone/exchange")): void {
    if (over) return;
    exchange = new loaded.Exchange({
      tell: (now) => seat.tell(now),
      fail: (failure) => seat.fail(failure),
      signIn: () => location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`),
    });
    exchange.start();
  }
  return {
    run: (command) => exchange?.run(command),
    stop: () => {
      over = true;
      exchange?.stop();
      exchange = null;
    },
  };
}

function channel(): Channel {
  const tabs = new BroadcastChannel(name);
  const words: Channel = { onword: null, say: (word) => tabs.postMessage(word) };
  tabs.onmessage = ({ data }) => words.onword?.(data as Word);
  return words;
}

const lock: Lock = (held, signal) => navigator.locks.request(name, { signal }, held);

const seat: Seat = new Seat(
  {
    lead,
    show: (now) => {
      phone = now;
      const wanted = early.take(phone, shownCalls(page), Date.now());
      draw();
      if (wanted !== null) seat.ask(wanted);
    },
    fail,
  },
  channel(),
  lock,
);
const dialogs = new Dialogs(page, (command) => {
  if (command.do === "transfer") givenAway(command.call);
  seat.ask(command);
}, () => fail("unexpected"));

/** Until it is a fact, the call's button says that it is on its way. */
function givenAway(call: string): void {
  for (const button of page.querySelectorAll<HTMLElement>("[data-phone=transfer]")) {
    const asked = pressOf(button, phone);
    if (asked.call?.id === call) pending.press(asked.key, asked.fact, Date.now());
  }
  draw();
}

/** Why a call that is shown cannot be worked here. */
function why(): Failure {
  return phone.line === "ready" ? "not-here" : "no-line";
}

function press(button: HTMLElement): void {
  const asked = pressOf(button, phone);
  const { act, call, shown } = asked;
  if (act === "use-here") return seat.ask({ do: "use-here" });
  if (act === "people") return dialogs.openPeople(null);
  const ms = patience(phone.line);
  if (call === null && shown !== null && ms !== null && (act === "answer" || act === "decline")) {
    early.want(act, shown, Date.now(), ms);
    window.setTimeout(() => early.missed(Date.now()) && fail(why()), ms + 50);
    return void (wish(asked, pending, Date.now()) && draw());
  }
  if (call === null) return fail(why());
  if (!wish(asked, pending, Date.now())) return;
  draw();
  if (act === "transfer") return dialogs.openPeople(call);
  if (act === "keypad") return dialogs.openKeypad(call);
  const command = commandOf(asked);
  if (command !== null) seat.ask(command);
}

/** A number outside: the page that has the phone says when there is a call already. */
function dialOut({ dial: to = "", title = "" }: DOMStringMap): void {
  if (AWAY.has(phone.line)) return page.querySelector<HTMLElement>("[data-opens=phone-check]")?.click();
  if (phone.line !== "ready") return fail("no-line");
  seat.ask({ do: "dial", to, name: title });
}

/** A colleague's button: with somebody on the line, the colleague is asked about them. */
function dial({ phoneDial: to = "", title = "" }: DOMStringMap): void {
  const talking = phone.calls.find(({ stage, about }) => stage === "talking" && about === null);
  if (talking === undefined) seat.ask({ do: "dial", to, name: title });
  else seat.ask({ do: "ask", call: talking.id, to, name: title });
}

page.addEventListener("click", ({ target }) => {
  const button = target instanceof Element ? target.closest<HTMLElement>("[data-phone], [data-phone-dial], [data-dial]") : null;
  if (button?.dataset["phoneDial"] !== undefined) dial(button.dataset);
  else if (button?.dataset["dial"] !== undefined) dialOut(button.dataset);
  else if (button !== null) press(button);
});
// The feed draws the panel without what only the phone knows: that stands there again before anybody sees it.
const panel = page.getElementById("panel")?.parentElement;
if (panel != null) new MutationObserver(draw).observe(panel, { childList: true, subtree: true, attributeFilter: DRAWN });
startCheck(page, {
  speaking: () => exchange?.speaking ?? null,
  ring: () => {
    testing = true;
    bell.play("ring");
    window.setTimeout(() => {
      testing = false;
      bell.play(seat.leads ? toneOf(phone) : null);
    }, 2000);
  },
  looked: () => seat.ask({ do: "microphone" }),
  fail,
});
openBeside(page, () => exchange?.talking === true);
addEventListener("beforeunload", (event) => {
  if (exchange?.talking === true) event.preventDefault(); // leaving would end the call
});
addEventListener("pagehide", () => seat.leave());
addEventListener("pageshow", (event) => event.persisted && join());

/** Without https the browser gives neither the lock between tabs nor the microphone. */
function join(): void {
  if (window.isSecureContext) return seat.join();
  phone = { ...NO_PHONE, line: "insecure", microphone: "insecure" };
  draw();
}

join();
draw();
