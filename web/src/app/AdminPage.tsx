/** What an admin sees: this page has nothing for admins yet, and says where their work is done. */

import { PageTitle } from "./parts";

interface Props {
  /** Where the API is. */
  origin: string;
  name: string;
  onLogOut: () => void;
}

export function AdminPage({ origin, name, onLogOut }: Props) {
  return (
    <main className="narrow login">
      <p className="brand brand-large">
        <img src="/favicon.svg" alt="" width="36" height="36" /> Parley
      </p>
      <PageTitle title="No page for admins yet" />
      <section className="card stack" data-testid="admin-no-page">
        <p>
          You are logged in as <bdi>{name}</bdi>, an admin. Approving vendors, reading reports and all
          else that admins do goes over the API for now: <a href={`${origin}/docs`}>the documentation</a> lists it.
        </p>
        <p>To use this page, log in as a customer or a vendor.</p>
        <button type="button" className="primary" onClick={onLogOut} data-testid="logout">
          Log out
        </button>
      </section>
    </main>
  );
}
