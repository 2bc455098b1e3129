import { Button } from '@mantine/core';
import { IconPencil } from '@tabler/icons-react';
import { type ReactNode, useState } from 'react';

/** One part of a plan: how it stands, and the dialog that changes it where one may. */
export function Section(props: {
  title: string;
  lead?: string;
  change?: string | undefined;
  dialog: (close: () => void) => ReactNode;
  children: ReactNode;
}) {
  const { title, lead, change, dialog, children } = props;
  const [changing, setChanging] = useState(false);
  return (
    <section className="card stack-small">
      <div className="page-head plan-head">
        <div>
          <h2>{title}</h2>
          {lead && <p className="muted small">{lead}</p>}
        </div>
        {change && (
          <Button
            variant="default"
            leftSection={<IconPencil size={18} aria-hidden />}
            aria-label={`${change}: ${title}`}
            onClick={() => setChanging(true)}
          >
            {change}
          </Button>
        )}
      </div>
      {children}
      {changing && dialog(() => setChanging(false))}
    </section>
  );
}
