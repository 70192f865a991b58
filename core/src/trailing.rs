//! Stops whose trigger follows the price.
//!
//! A trade that is the best price since they were placed moves all of them. They are not moved one by one: those with the same best
//! price stand in one group, a better price moves whole groups, and groups that meet are merged, the smaller into the larger. Of each
//! group only the stops that would be triggered first have their triggers computed.

use std::collections::{BTreeMap, BTreeSet};

use crate::stops::{Awaited, Rank, inverted};
use crate::types::{OrderId, PPM, Price, TRAILS_BY_PPM, TRAILS_BY_PRICE};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Price,
    Ppm,
}

/// How far a stop's trigger stays behind the price: never less, and never an atom more than rounding asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Trail {
    unit: Unit,
    pub value: u64,
}

impl Trail {
    /// As an order's flags have it; `None` where they name no unit, or more than that.
    pub fn by(flags: u8, value: u64) -> Option<Trail> {
        let unit = match flags {
            TRAILS_BY_PRICE => Unit::Price,
            TRAILS_BY_PPM => Unit::Ppm,
            _ => return None,
        };
        Some(Trail { unit, value })
    }

    pub fn is_valid(self) -> bool {
        self.value != 0 && (self.unit == Unit::Price || self.value <= u64::from(PPM))
    }

    /// Where a stop is triggered while `extreme` is the best price since it was placed.
    pub fn trigger(self, awaited: Awaited, extreme: Price) -> Price {
        let distance = match self.unit {
            Unit::Price => self.value,
            Unit::Ppm => {
                let product = u128::from(extreme.0) * u128::from(self.value);
                u64::try_from(product.div_ceil(u128::from(PPM))).unwrap_or(u64::MAX)
            }
        };
        Price(match awaited {
            Awaited::Fall => extreme.0.saturating_sub(distance),
            Awaited::Rise => extreme.0.saturating_add(distance),
        })
    }

    /// What comes before the id among stops with the same trigger.
    fn ppm(self) -> u64 {
        if self.unit == Unit::Ppm { self.value } else { 0 }
    }
}

/// A waiting stop that trails, as the canonical state has it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TrailingStop {
    pub order_id: OrderId,
    pub trail: Trail,
    pub extreme: Price,
}

type GroupId = u32;

/// Stops that have seen the same best price, by unit, the smallest trail first.
#[derive(Clone, Debug)]
struct Group {
    extreme: Price,
    stops: [BTreeSet<(u64, OrderId)>; 2],
}

impl Group {
    fn len(&self) -> usize {
        self.stops.iter().map(BTreeSet::len).sum()
    }
}

#[derive(Clone, Copy, Debug)]
struct Member {
    trail: Trail,
    group: GroupId,
}

/// The stops of a market that trail and wait for the same direction.
#[derive(Clone, Debug)]
struct Followers {
    awaited: Awaited,
    members: BTreeMap<OrderId, Member>,
    groups: Vec<Group>,
    free: Vec<GroupId>,
    /// By the group's best price, the worst of them first.
    by_extreme: BTreeMap<u64, GroupId>,
    /// Of each group and unit the stop that is triggered first.
    front: BTreeSet<Rank>,
}

impl Followers {
    fn new(awaited: Awaited) -> Followers {
        Followers {
            awaited,
            members: BTreeMap::new(),
            groups: Vec::new(),
            free: Vec::new(),
            by_extreme: BTreeMap::new(),
            front: BTreeSet::new(),
        }
    }

    /// Grows with how good a price is: a stop that waits for a fall follows rising prices.
    fn key(&self, price: Price) -> u64 {
        match self.awaited {
            Awaited::Fall => price.0,
            Awaited::Rise => !price.0,
        }
    }

    fn fronts(&self, group: GroupId) -> impl Iterator<Item = Rank> + use<> {
        let Group { extreme, stops } = &self.groups[group as usize];
        let rank = |unit: Unit, (value, order_id): (u64, OrderId)| {
            let trail = Trail { unit, value };
            let trigger = trail.trigger(self.awaited, *extreme);
            let rank = if self.awaited == Awaited::Rise { trigger } else { inverted(trigger) };
            (rank, trail.ppm(), order_id)
        };
        let first = |unit: Unit| stops[unit as usize].first().map(|stop| rank(unit, *stop));
        [first(Unit::Price), first(Unit::Ppm)].into_iter().flatten()
    }

    fn leave_front(&mut self, group: GroupId) {
        for rank in self.fronts(group) {
            self.front.remove(&rank);
        }
    }

    fn enter_front(&mut self, group: GroupId) {
        self.front.extend(self.fronts(group));
    }

    fn insert(&mut self, stop: TrailingStop) {
        let TrailingStop { order_id, trail, extreme } = stop;
        let key = self.key(extreme);
        let group = match self.by_extreme.get(&key) {
            Some(group) => {
                let group = *group;
                self.leave_front(group);
                group
            }
            None => {
                let empty = Group { extreme, stops: [BTreeSet::new(), BTreeSet::new()] };
                let group = self.free.pop().unwrap_or(self.groups.len() as GroupId);
                match self.groups.get_mut(group as usize) {
                    Some(reused) => *reused = empty,
                    None => self.groups.push(empty),
                }
                self.by_extreme.insert(key, group);
                group
            }
        };
        self.groups[group as usize].stops[trail.unit as usize].insert((trail.value, order_id));
        self.members.insert(order_id, Member { trail, group });
        self.enter_front(group);
    }

    fn remove(&mut self, order_id: OrderId) {
        let Member { trail, group } = self.members.remove(&order_id).expect("it is asked for by whoever put it in");
        self.leave_front(group);
        let left = &mut self.groups[group as usize];
        left.stops[trail.unit as usize].remove(&(trail.value, order_id));
        if left.len() == 0 {
            let extreme = left.extreme;
            self.by_extreme.remove(&self.key(extreme));
            self.free.push(group);
        } else {
            self.enter_front(group);
        }
    }

    /// Every group that has not seen as good a price comes up to this one.
    fn follow(&mut self, price: Price) {
        let key = self.key(price);
        let mut up: Option<GroupId> = None;
        while let Some((behind, group)) = self.by_extreme.first_key_value().map(|(key, group)| (*key, *group)) {
            if behind >= key {
                break;
            }
            self.by_extreme.remove(&behind);
            self.leave_front(group);
            up = Some(up.map_or(group, |other| self.merged(other, group)));
        }
        let Some(mut group) = up else { return };
        if let Some(there) = self.by_extreme.get(&key).copied() {
            self.leave_front(there);
            group = self.merged(there, group);
        }
        self.groups[group as usize].extreme = price;
        self.by_extreme.insert(key, group);
        self.enter_front(group);
    }

    /// Both in one, which is the larger.
    fn merged(&mut self, one: GroupId, other: GroupId) -> GroupId {
        let is_larger = self.groups[one as usize].len() >= self.groups[other as usize].len();
        let (into, from) = if is_larger { (one, other) } else { (other, one) };
        let moved = std::mem::take(&mut self.groups[from as usize].stops);
        for (kept, moved) in self.groups[into as usize].stops.iter_mut().zip(moved) {
            for (value, order_id) in moved {
                self.members.get_mut(&order_id).expect("a stop of a group is a member").group = into;
                kept.insert((value, order_id));
            }
        }
        self.free.push(from);
        into
    }

    fn get(&self, order_id: OrderId) -> Option<TrailingStop> {
        let Member { trail, group } = self.members.get(&order_id)?;
        Some(TrailingStop { order_id, trail: *trail, extreme: self.groups[*group as usize].extreme })
    }
}

/// The stops of a market that trail.
#[derive(Clone, Debug)]
pub(crate) struct Trailing {
    rising: Followers,
    falling: Followers,
}

impl Default for Trailing {
    fn default() -> Trailing {
        Trailing { rising: Followers::new(Awaited::Rise), falling: Followers::new(Awaited::Fall) }
    }
}

impl Trailing {
    fn of(&mut self, awaited: Awaited) -> &mut Followers {
        match awaited {
            Awaited::Rise => &mut self.rising,
            Awaited::Fall => &mut self.falling,
        }
    }

    pub fn insert(&mut self, awaited: Awaited, stop: TrailingStop) {
        self.of(awaited).insert(stop);
    }

    pub fn remove(&mut self, awaited: Awaited, order_id: OrderId) {
        self.of(awaited).remove(order_id);
    }

    /// A trade at `price`.
    pub fn follow(&mut self, price: Price) {
        self.rising.follow(price);
        self.falling.follow(price);
    }

    /// The stop of that direction that comes first.
    pub fn first(&self, awaited: Awaited) -> Option<Rank> {
        let followers = if awaited == Awaited::Rise { &self.rising } else { &self.falling };
        followers.front.first().copied()
    }

    /// The stop and its trigger.
    pub fn get(&self, order_id: OrderId) -> Option<(TrailingStop, Price)> {
        let found = |followers: &Followers| {
            let stop = followers.get(order_id)?;
            Some((stop, stop.trail.trigger(followers.awaited, stop.extreme)))
        };
        found(&self.rising).or_else(|| found(&self.falling))
    }

    pub fn len(&self) -> usize {
        self.rising.members.len() + self.falling.members.len()
    }

    pub fn ids(&self) -> impl Iterator<Item = OrderId> + '_ {
        self.rising.members.keys().chain(self.falling.members.keys()).copied()
    }
}
