// What an AudioWorklet's scope has and TypeScript's own libraries do not name (Web Audio API, 1.32).
declare const sampleRate: number;
declare const currentTime: number;
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(name: string, processor: new (options: any) => AudioWorkletProcessor): void;
