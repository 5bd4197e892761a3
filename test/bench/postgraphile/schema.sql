-- What PostGraphile is shown of one tenant: as its documentation says, views and functions where an answer is more than a
-- table's columns. PostgreSQL sees through all of them but the mutation. A view is joined where a page is sorted by what it
-- is joined to: its rows then answer for both, which is less work than two rows. $tenant is replaced by the tenant's id.
DROP SCHEMA IF EXISTS bench CASCADE;
CREATE SCHEMA bench;

CREATE VIEW bench.users AS
SELECT id, nullif(concat_ws(' ', title, forename, surname), '') AS name, contact_email, type, status, username, title,
  forename, surname, tfa_enabled, created_at, last_login, onboarding_date_completed,
  onboarding_date_completed IS NOT NULL AS has_completed_onboarding,
  CASE WHEN invite_status = 'INVITED' AND invite_date_expires <= now() THEN 'EXPIRED' ELSE invite_status END AS invite_status,
  invite_date_invited, invite_date_expires, invite_date_modified, version, assigned_internal_user_id, sort_name, search_text,
  -- To sort what was searched by: a prepared statement is planned without its pattern, and with an index in that order
  -- PostgreSQL would go through the whole list by name for want of hits.
  sort_name || '' AS found_name
FROM public.users WHERE tenant_id = '$tenant';
-- A cursor among nullable columns is compared by OR, which no index serves. No page measured has a row without a name.
COMMENT ON COLUMN bench.users.sort_name IS '@notNull';
COMMENT ON VIEW bench.users IS E'@primaryKey id
@foreignKey (assigned_internal_user_id) references bench.users (id)|@fieldName assignedInternalUser|@behavior -manyRelation:resource:list -manyRelation:resource:connection
@behavior +query:resource:connection -query:resource:list';

CREATE VIEW bench.user_classifications AS
SELECT h.user_id, h.classification_id, h.source, h.valid_until, c.reference, c.name, c.name_norm
FROM public.user_classifications h JOIN public.classifications c USING (tenant_id)
WHERE h.tenant_id = '$tenant' AND c.id = h.classification_id AND (h.valid_until IS NULL OR h.valid_until > now());
COMMENT ON VIEW bench.user_classifications IS E'@primaryKey user_id,classification_id
@foreignKey (user_id) references bench.users (id)|@foreignFieldName classifications';

CREATE VIEW bench.user_memberships AS
SELECT m.user_id, m.group_id, m.is_signatory, m.joined_at, g.name, g.kind, g.name_norm
FROM public.group_members m JOIN public.user_groups g ON g.tenant_id = m.tenant_id AND g.id = m.group_id
WHERE m.tenant_id = '$tenant';
COMMENT ON VIEW bench.user_memberships IS E'@primaryKey user_id,group_id
@foreignKey (user_id) references bench.users (id)|@foreignFieldName userGroups';

CREATE VIEW bench.form_implementations AS
SELECT id, user_id, progress, completed_at, created_at,
  CASE WHEN status = 'COMPLETED' AND valid_until <= now() THEN 'EXPIRED' ELSE status END AS status
FROM public.form_implementations WHERE tenant_id = '$tenant';
COMMENT ON VIEW bench.form_implementations IS E'@primaryKey id
@foreignKey (user_id) references bench.users (id)|@foreignFieldName formImplementations';

CREATE VIEW bench.form_field_answers AS
SELECT i.id AS implementation_id, f.place::integer AS place, i.answers -> (f.field ->> 'uuid') AS value,
  f.field ->> 'reference' AS reference, f.field ->> 'label' AS label
FROM public.form_implementations i
JOIN public.form_revisions r ON r.tenant_id = i.tenant_id AND r.id = i.revision_id,
  jsonb_array_elements(r.form_fields) WITH ORDINALITY f(field, place)
WHERE i.tenant_id = '$tenant' AND i.answers ? (f.field ->> 'uuid');
COMMENT ON VIEW bench.form_field_answers IS E'@primaryKey implementation_id,place
@foreignKey (implementation_id) references bench.form_implementations (id)|@foreignFieldName answers';

CREATE VIEW bench.user_groups AS
SELECT id, name, description, kind, member_count, created_at, version, name_norm
FROM public.user_groups WHERE tenant_id = '$tenant';
COMMENT ON VIEW bench.user_groups IS '@primaryKey id';

CREATE VIEW bench.group_members AS
SELECT m.group_id, m.user_id, m.is_signatory, m.joined_at, u.sort_name, u.contact_email,
  g.lead_user_id IS NOT DISTINCT FROM m.user_id AS is_lead,
  nullif(concat_ws(' ', u.title, u.forename, u.surname), '') AS name
FROM public.group_members m
JOIN public.user_groups g ON g.tenant_id = m.tenant_id AND g.id = m.group_id
JOIN public.users u ON u.tenant_id = m.tenant_id AND u.id = m.user_id
WHERE m.tenant_id = '$tenant';
COMMENT ON VIEW bench.group_members IS E'@primaryKey group_id,user_id
@foreignKey (group_id) references bench.user_groups (id)|@foreignFieldName members';

CREATE FUNCTION bench.group_members_classifications(member bench.group_members)
RETURNS SETOF bench.user_classifications LANGUAGE sql STABLE AS $$
  SELECT * FROM bench.user_classifications WHERE user_id = member.user_id ORDER BY name_norm, classification_id
$$;

CREATE FUNCTION bench.users_by_ids(ids uuid[]) RETURNS SETOF bench.users LANGUAGE sql STABLE AS $$
  SELECT u.* FROM unnest(ids) WITH ORDINALITY k(id, place) JOIN bench.users u ON u.id = k.id ORDER BY k.place
$$;

-- The limit's statement, which leaves an audit event, and then the row as it is now.
CREATE FUNCTION bench.update_user_name(
  id uuid, forename text, surname text, sort_name text, search_text text, actor_id uuid
) RETURNS bench.users LANGUAGE sql VOLATILE AS $$
  WITH u AS (
    UPDATE public.users SET forename = $2, surname = $3, sort_name = $4, search_text = $5, version = version + 1,
      updated_at = now()
    WHERE tenant_id = '$tenant' AND id = $1 RETURNING new.*, old.forename AS old_forename, old.surname AS old_surname)
  INSERT INTO public.audit_events
    (tenant_id, id, operation, actor_kind, actor_id, target_type, target_id, changes, request_id)
  SELECT u.tenant_id, uuidv7(), 'updateUser', 'USER', $6, 'User', u.id, jsonb_build_array(jsonb_build_object(
    'type', 'User', 'id', u.id, 'action', 'UPDATE', 'fields', jsonb_build_object(
      'forename', jsonb_build_array(u.old_forename, u.forename), 'surname', jsonb_build_array(u.old_surname, u.surname)))),
    gen_random_uuid()
  FROM u;
  SELECT * FROM bench.users WHERE id = $1
$$;
