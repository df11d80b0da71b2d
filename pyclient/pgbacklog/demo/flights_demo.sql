-- What a user would write: five tables with their foreign keys, and a pipeline that fills them.

create schema flights_demo;

create table flights_demo.airlines (
  carrier text primary key,
  name text not null
);

create table flights_demo.airports (
  faa text primary key,
  name text not null,
  lat double precision not null,
  lon double precision not null,
  alt int,
  tzone text
);

create table flights_demo.planes (
  tailnum text primary key,
  year int,
  manufacturer text,
  model text,
  engines int,
  seats int,
  engine text
);

create table flights_demo.weather (
  origin text references flights_demo.airports,
  time_hour timestamptz,
  temp double precision,
  wind_speed double precision,
  precip double precision,
  visib double precision,
  primary key (origin, time_hour)
);

create table flights_demo.flights (
  flight_date date,
  carrier text references flights_demo.airlines,
  flight int,
  origin text references flights_demo.airports,
  dest text not null references flights_demo.airports,
  tailnum text references flights_demo.planes,
  sched_dep_time int not null,
  dep_delay int,
  arr_delay int,
  distance int,
  primary key (flight_date, carrier, flight, origin)
);
create index on flights_demo.flights (dest);
create index on flights_demo.flights (tailnum);

-- A load is due when 5,000 rows wait, when a row has waited 2 seconds, or when nothing is left to fetch.
select backlog.create_pipeline(
  'flights_demo', p_description => 'New York flights of 2013', p_load_delay => 2, p_min_rows => 5000
);

-- The default policies: a malformed page becomes a dead letter, a missing parent refuses the load.
select backlog.add_pipeline_table('flights_demo', 'flights_demo.airlines');
select backlog.add_pipeline_table('flights_demo', 'flights_demo.airports');
select backlog.add_pipeline_table('flights_demo', 'flights_demo.planes');

-- Weather may arrive before its airports: it waits for them.
select backlog.add_pipeline_table('flights_demo', 'flights_demo.weather', p_on_foreign_key => 'park');

-- One flight in six names a plane or an airport that nobody knows, and some come twice: set those
-- aside, let the others in.
select backlog.add_pipeline_table(
  'flights_demo', 'flights_demo.flights',
  p_on_malformed => 'quarantine_row', p_on_foreign_key => 'quarantine_row'
);

-- A page that fails is tried again after about a second, at most 5 times.
select backlog.set_retry_policy(
  'fetch.flights_demo', p_max_retries => 5, p_retry_delay_seconds => 1, p_max_delay_seconds => 4
);
