//! A plot of a few lines, as SVG and as a table.

use std::fmt::{Display, Write as _};

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 320.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 48.0;
const COLOURS: [&str; 4] = ["#0b6bcb", "#c2410c", "#15803d", "#7e22ce"];

/// Lines over the same points of an axis, which are evenly apart whatever their values; the other axis is logarithmic.
pub(crate) struct Plot {
    title: &'static str,
    axis: &'static str,
    unit: &'static str,
    points: Vec<String>,
    series: Vec<Series>,
}

/// A line.
pub(crate) struct Series {
    /// What the legend calls it.
    pub(crate) name: &'static str,
    /// A value for each point.
    pub(crate) values: Vec<f64>,
}

impl Plot {
    /// A plot without lines yet.
    pub(crate) fn new(
        title: &'static str,
        axis: &'static str,
        unit: &'static str,
        points: &[impl Display],
    ) -> Self {
        Self {
            title,
            axis,
            unit,
            points: points.iter().map(ToString::to_string).collect(),
            series: Vec::new(),
        }
    }

    /// Adds a line.
    pub(crate) fn add(&mut self, series: Series) {
        self.series.push(series);
    }

    /// The same as a table.
    pub(crate) fn table(&self) -> String {
        let mut text = format!("\n{}, {}:\n\n| {} |", self.title, self.unit, self.axis);
        let _ = writeln!(text, " {} |\n|---|{}", self.points.join(" | "), "---|".repeat(self.points.len()));
        for Series { name, values } in &self.series {
            let _ = write!(text, "| {name} |");
            for value in values {
                let _ = write!(text, " {value:.0} |");
            }
            text.push('\n');
        }
        text
    }

    /// The picture.
    pub(crate) fn svg(&self) -> String {
        let values = self.series.iter().flat_map(|series| &series.values).copied();
        let (least, most) =
            values.fold((f64::MAX, 1.0_f64), |(least, most), it| (least.min(it), most.max(it)));
        let (floor, ceiling) = (least.max(1.0).log10().floor(), most.log10().ceil());
        let y = |value: f64| {
            let part = (value.max(1.0).log10() - floor) / (ceiling - floor).max(1.0);
            HEIGHT - BOTTOM - part * (HEIGHT - TOP - BOTTOM)
        };
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" \
             font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n\
             <text x=\"{LEFT}\" y=\"20\" font-size=\"14\">{}, {}</text>\n",
            self.title, self.unit
        );
        let mut level = floor;
        while level <= ceiling {
            let (value, at) = (10_f64.powf(level), y(10_f64.powf(level)));
            let _ = writeln!(
                svg,
                "<path d=\"M{LEFT} {at:.1}H{}\" stroke=\"#ddd\"/><text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{value:.0}</text>",
                WIDTH - RIGHT,
                LEFT - 6.0,
                at + 4.0
            );
            level += 1.0;
        }
        self.draw_points(&mut svg);
        for (place, series) in self.series.iter().enumerate() {
            self.draw_line(&mut svg, place, series, y);
        }
        svg + "</svg>\n"
    }

    #[expect(clippy::cast_precision_loss, reason = "a handful of points")]
    fn x(&self, point: usize) -> f64 {
        let step = (WIDTH - LEFT - RIGHT - 40.0) / (self.points.len().max(2) - 1) as f64;
        LEFT + 20.0 + step * point as f64
    }

    fn draw_points(&self, svg: &mut String) {
        for (place, point) in self.points.iter().enumerate() {
            let x = self.x(place);
            let _ = writeln!(
                svg,
                "<text x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">{point}</text>",
                HEIGHT - BOTTOM + 18.0
            );
        }
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\" fill=\"#555\">{}</text>",
            WIDTH - RIGHT,
            HEIGHT - 12.0,
            self.axis
        );
    }

    fn draw_line(&self, svg: &mut String, place: usize, series: &Series, y: impl Fn(f64) -> f64) {
        let colour = COLOURS[place % COLOURS.len()];
        let points: Vec<(f64, f64)> =
            series.values.iter().enumerate().map(|(point, value)| (self.x(point), y(*value))).collect();
        let path: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let _ = writeln!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
            path.join(" ")
        );
        for (x, y) in points {
            let _ = writeln!(svg, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{colour}\"/>");
        }
        let across = LEFT + [0.0, 150.0, 300.0, 450.0][place % 4];
        let _ = writeln!(svg, "<text x=\"{across}\" y=\"36\" fill=\"{colour}\">{}</text>", series.name);
    }
}
