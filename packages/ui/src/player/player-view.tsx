import { useEffect, useRef, useState, type ReactNode } from 'react';
import { t } from '../i18n/messages.js';
import { StepPlayer, type PlayerState } from './step-player.js';

/** A canvas of the player: what it shows, and where that may be read, best first. */
export interface View {
  readonly title: string;
  readonly addresses: readonly string[];
}

export interface PlayerViewProps {
  readonly views: readonly View[];
  readonly onState: (state: PlayerState) => void;
  /** Hears of the player when it is open, and null when it is closed. Must not change from drawing to drawing. */
  readonly onPlayer: (player: StepPlayer | null) => void;
}

/** Videos side by side in exact step. */
export function PlayerView({ views, onState, onPlayer }: PlayerViewProps): ReactNode {
  const holder = useRef<HTMLDivElement>(null);
  const [isReady, setReady] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const key = JSON.stringify(views.map(({ addresses }) => addresses));

  useEffect(() => {
    let isCurrent = true;
    let opened: StepPlayer | null = null;
    setFailure(null);
    if (typeof VideoDecoder === 'undefined') {
      setFailure(t.review.cannotPlay);
      return;
    }
    const canvases = [...(holder.current?.querySelectorAll('canvas') ?? [])];
    StepPlayer.open(JSON.parse(key) as string[][], {
      canvases,
      onState,
      onError: (error) => setFailure(error instanceof Error ? error.message : String(error)),
    }).then(
      (value) => {
        if (!isCurrent) return void value.close();
        opened = value;
        setReady(true);
        onPlayer(value);
        onState({ frame: 0, isPlaying: false });
      },
      (error: unknown) => {
        if (isCurrent) setFailure(`${t.review.cannotPlay} (${error instanceof Error ? error.message : String(error)})`);
      },
    );
    return () => {
      isCurrent = false;
      setReady(false);
      onPlayer(null);
      void opened?.close();
    };
  }, [key, onState, onPlayer]);

  return (
    <div ref={holder} className="players" data-ready={isReady}>
      {views.map(({ title }, index) => (
        <figure key={`${index} ${title}`}>
          <canvas width={360} height={640} role="img" aria-label={title} />
          <figcaption>{title}</figcaption>
        </figure>
      ))}
      {failure !== null && (
        <p className="failure" role="alert">
          {failure}
        </p>
      )}
    </div>
  );
}
